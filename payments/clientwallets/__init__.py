"""One wallet per client, deposits and transfers between clients; refused transfers are
stored too.
"""
