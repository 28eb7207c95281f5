"""The version of everything that is released together."""

VERSION = "0.1.0"

# Of kernels and of the structs that generated models hand them (BTW_ABI in btw.h): grows when either changes, so that
# a model never compiles with the kernels of another version.
ABI = 1
