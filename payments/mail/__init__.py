"""Outgoing e-mail: what a message is, and who carries it. Knows nothing of payments."""
