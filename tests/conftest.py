"""Fixtures every test level may ask for."""

pytest_plugins = (
    "tests.fixtures.decided",
    "tests.fixtures.servers",
    "tests.fixtures.databases",
    "tests.fixtures.platform",
    "tests.fixtures.live",
    "tests.fixtures.banks",
    "tests.fixtures.cluster",
    "tests.fixtures.console",
    "tests.fixtures.shop",
    "tests.fixtures.superpay",
    "tests.fixtures.receiving",
)
