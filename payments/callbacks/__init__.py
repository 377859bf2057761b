"""The inbox of a provider's callbacks: kept raw before anything else.

Done only together with their effect.
"""
