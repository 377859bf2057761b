"""Breaks: differences between what we know and what a provider says, until a person has resolved them."""
