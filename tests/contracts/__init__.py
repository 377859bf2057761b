"""The outside surfaces byte by byte, and the outsiders we simulate."""
