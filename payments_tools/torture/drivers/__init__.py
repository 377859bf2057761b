"""The clients of a run: one module per surface."""
