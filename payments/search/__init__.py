"""One box that finds anything by what people have in hand: an id, a reference, a key, an INN."""
