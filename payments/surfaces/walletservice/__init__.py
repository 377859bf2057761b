"""The wallet and transaction services: a POST enqueues, a GET with its handshake gets the
result.
"""
