"""Demo data, one module a name of `payments seed`, each with `seed(engine, submitter, say)`."""
