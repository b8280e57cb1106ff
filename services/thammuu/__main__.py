"""Run the command line as ``python -m thammuu``."""

from thammuu.cli.main import run

run()
