"""Benchmarks as tests: marked, off by default."""
