"""The shop with bills: users, products, purchases, the provider's top-ups, the administrator."""
