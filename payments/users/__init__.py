"""Users of the shop: accounts with a login and password, activation, and limits on trying."""
