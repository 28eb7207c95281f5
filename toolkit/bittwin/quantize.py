"""Temporary name of bittwin.quantizer."""

import sys

import bittwin.quantizer as module

sys.modules[__name__] = module
