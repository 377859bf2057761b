"""SuperPay's protocol: our client and the routes for its callbacks, payouts and reconciliation."""
