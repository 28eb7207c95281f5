"""Temporary name of bittwin.exporter."""

import sys

import bittwin.exporter as module

sys.modules[__name__] = module
