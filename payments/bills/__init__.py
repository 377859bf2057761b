"""Bills: money of a shop's user, topped up by the provider's webhook and spent on products."""
