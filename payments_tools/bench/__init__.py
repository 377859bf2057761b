"""Benchmarks: this product, and in the same run what a team would write instead."""
