"""The invariants, one a file: the scheduler, `payments audit` and the tests run this same code."""
