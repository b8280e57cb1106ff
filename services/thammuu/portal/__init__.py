"""The program over HTTP."""
