"""Operators of the console: who they are, how they log in, what they did, what they approve."""
