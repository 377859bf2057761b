"""Breaks: differences between what we know and what a provider says.

Until a person has resolved them.
"""
