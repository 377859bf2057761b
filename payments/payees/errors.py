"""Why a payee is not saved, shown or deleted."""

from payments.kernel.errors import Conflict, InvalidRequest, NotFound


class PayeeNotFound(NotFound):
    """You have no such payee. List yours with GET /v1/payees."""

    code = "payee_not_found"


class UserNotFound(InvalidRequest):
    """There is no user with this `user_id`. Leave it out for a person without an account here."""

    status = 422
    code = "user_not_found"


class PayeeWalletNotFound(InvalidRequest):
    """SuperPay has no such wallet. Check the number with the person."""

    status = 422
    code = "payee_wallet_not_found"


class PayeeWalletBlocked(Conflict):
    """SuperPay says that this wallet is blocked or closed. Save another one."""

    code = "payee_wallet_blocked"


class PayeeCurrencyMismatch(Conflict):
    """The SuperPay wallet has another currency; a wallet has one. Save it with its own."""

    code = "payee_currency_mismatch"


class TooManyPayees(Conflict):
    """This owner has a hundred payees, the most there may be: delete one that is not used."""

    code = "too_many_payees"
