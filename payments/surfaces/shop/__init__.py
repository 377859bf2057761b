"""The shop: users, bills, products, purchases, the provider's top-up webhook, administration."""
