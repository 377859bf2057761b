"""What flows start from."""

import httpx
import pytest

from tests.fixtures.platform import Platform, api_key


@pytest.fixture
async def native(client: httpx.AsyncClient, platform: Platform) -> httpx.AsyncClient:
    """The application, with an API key that may do everything."""
    client.headers.update(await api_key(platform))
    return client
