"""Temporary name of bittwin.checker."""

import sys

import bittwin.checker as module

sys.modules[__name__] = module
