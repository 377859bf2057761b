"""Bills: accounts of shop users, topped up by the provider's webhook and spent on products."""
