"""The engine: turns intents into outcomes, one transaction per batch.
Independent of capabilities.
"""
