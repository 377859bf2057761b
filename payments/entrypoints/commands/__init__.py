"""The command line, one file a group: `cli.py` lists them."""
