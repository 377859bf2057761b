"""Reads over HTTP: a replica where an old answer will do, and many small reads as one query."""
