"""Sessions of operators in the console."""
