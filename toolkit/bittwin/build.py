"""Temporary name of bittwin.builder."""

import sys

import bittwin.builder as module

sys.modules[__name__] = module
