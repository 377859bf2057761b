"""Composition roots: the only modules that read settings."""
