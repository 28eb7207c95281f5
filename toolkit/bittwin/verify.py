"""Temporary name of bittwin.verifier."""

import sys

import bittwin.verifier as module

sys.modules[__name__] = module
