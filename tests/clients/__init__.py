"""Clients generated from the OpenAPI document; no part of `make test`."""
