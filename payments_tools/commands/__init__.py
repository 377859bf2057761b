"""Commands of `payments` that are not the product: a module each, with `add_to(app)`."""
