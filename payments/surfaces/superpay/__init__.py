"""SuperPay's language: our client and callback intake, and a simulator that plays the provider."""
