"""Holds: money kept aside, captured in parts, released or expired."""
