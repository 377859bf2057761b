"""Tools that are not part of the product: benchmarks, torture, the SuperPay simulator, demo data.

The product never imports this package; it finds the commands by entry points (ADR 0046).
"""
