"""Benchmarks: each measures this product and, in the same run on the same servers, what a team would write instead."""
