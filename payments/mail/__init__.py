"""Outgoing e-mail: messages and their delivery. Independent of payments."""
