"""The version of everything that is released together."""

VERSION = "0.1.0"
