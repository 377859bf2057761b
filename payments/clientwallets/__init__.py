"""One wallet a client; deposits and transfers between clients, every attempt on record."""
