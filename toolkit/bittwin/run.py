"""Temporary name of bittwin.runner."""

import sys

import bittwin.runner as module

sys.modules[__name__] = module
