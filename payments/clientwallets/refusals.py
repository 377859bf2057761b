"""Why an operation on a client's wallet is refused, beside what holds for every wallet."""

from payments.operations.outcome import Reason


class ClientRefusal(Reason):
    """In order of precedence; refusals of the wallets themselves come after these."""

    USER_ALREADY_HAS_WALLET = "user_already_has_wallet", 409
    SOURCE_NOT_OWNED = "source_wallet_not_owned", 403
