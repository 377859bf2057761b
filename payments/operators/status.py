"""Roles of operators."""

import enum


class Role(enum.Enum):
    """What an operator may do; each role may do what the one before may."""

    VIEWER = "viewer"
    """Sees everything, exports lists."""
    OPERATOR = "operator"
    """Acts, asks for approval, approves what others asked for."""
    ADMIN = "admin"
    """Manages operators."""
