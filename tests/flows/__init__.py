"""One file per behaviour, from HTTP to the outcome."""
