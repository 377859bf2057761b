"""Why an operation of `clientwallets` is refused."""

from typing import Final

from payments.operations.outcome import Refusal, Result


class UserNamed(Result, frozen=True, kw_only=True):
    """The client that has a wallet."""

    user_id: int


USER_ALREADY_HAS_WALLET: Final = Refusal(
    "user_already_has_wallet",
    409,
    "The user has a wallet already.",
    carries=UserNamed,
)
SOURCE_WALLET_NOT_OWNED: Final = Refusal(
    "source_wallet_not_owned",
    403,
    "The source wallet belongs to another user.",
)
