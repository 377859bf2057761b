"""Pure and fast: no server, no network."""
