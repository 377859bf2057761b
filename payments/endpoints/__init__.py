"""Outgoing webhooks: where clients want events sent, and every attempt to send one."""
