"""Benchmarks of this product, with a row-at-a-time baseline in the same run."""
