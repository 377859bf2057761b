"""The invariants, one per file: the scheduler, `payments audit` and the tests run the same code."""
