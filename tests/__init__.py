"""The tests of the platform, by level."""
