"""What is beside the product: benchmarks, torture, the SuperPay simulator, demo data.

The product never imports it: commands are found by entry points (decision 0046).
"""
