"""Reads for HTTP: from a replica where an old answer is enough, and many lookups in one query."""
