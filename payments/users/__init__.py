"""Users of the shop: login and password, activation, and rate limits on attempts."""
