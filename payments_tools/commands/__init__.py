"""Commands of `payments` that are not part of the product: one module each, with `add_to(app)`."""
