"""Authentication of surfaces whose specification has none: open in development, not in
production.
"""

import hmac

from payments.http.auth import Actor, Authenticate, bearer_token
from payments.http.services import Connection, header


class OpenOrKey:
    """Takes an API key or the surface's own key; with a guest, also no credentials
    (development).
    """

    def __init__(
        self, keys: Authenticate, *, own_key: str = "", owner: Actor, guest: Actor | None = None
    ) -> None:
        """`own_key` authenticates `owner`; requests without credentials are `guest`."""
        self._keys = keys
        self._own_key = own_key.encode()
        self._owner = owner
        self._guest = guest

    def __repr__(self) -> str:
        return f"OpenOrKey({self._owner.name})"

    async def __call__(self, connection: Connection) -> Actor:
        """Authenticate. Wrong credentials are refused even where none are required."""
        if self._guest is not None and header(connection, b"authorization") is None:
            return self._guest
        token = (bearer_token(connection) or "").encode()
        if self._own_key and hmac.compare_digest(token, self._own_key):
            return self._owner
        return await self._keys(connection)
