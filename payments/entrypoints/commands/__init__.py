"""The command line, one file per group; `cli.py` lists them."""
