"""Access tokens: JWTs with one algorithm, in which every claim is required."""

from typing import Annotated, Any, Final

import jwt
import msgspec

from payments.kernel.clock import Clock
from payments.kernel.ids import new_secret

ALGORITHM: Final = "HS256"
ISSUER: Final = "payments"
AUDIENCE: Final = "shop"
_TEXT_MAX: Final = 2048
_LEEWAY_S: Final = 5
"""Clocks of servers differ slightly, so a token may be used a moment before its issue time."""
_Id = Annotated[int, msgspec.Meta(ge=1, lt=2**53)]
_REQUIRED: Final = ("iss", "aud", "sub", "exp", "iat", "jti", "gen")


class Claims(msgspec.Struct, frozen=True):
    """User and generation of a token; disabling a user increments its generation and so revokes
    earlier tokens.
    """

    user_id: int
    generation: int


class AccessTokens:
    """Issues and verifies tokens with one secret."""

    def __init__(self, secret: str, clock: Clock, life_s: int) -> None:
        """`life_s`: lifetime of a token in seconds."""
        self._secret = secret
        self._clock = clock
        self.life_s = life_s

    def issue(self, user_id: int, generation: int) -> str:
        """A token for a user who has just logged in."""
        now_s = int(self._clock().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "iat": now_s,
            "exp": now_s + self.life_s,
            "jti": new_secret(12),
            "gen": generation,
        }
        return jwt.encode(claims, self._secret, ALGORITHM)

    def read(self, token: str) -> Claims | None:
        """The claims of a valid token, otherwise None."""
        if len(token) > _TEXT_MAX:
            return None
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=_LEEWAY_S,
                options={"require": list(_REQUIRED)},
            )
            return Claims(
                msgspec.convert(claims["sub"], _Id, strict=False),
                msgspec.convert(claims["gen"], int),
            )
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError, TypeError):
            return None
