"""python -m bittwin."""

from bittwin.cli import main

main()
