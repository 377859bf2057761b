"""An account of a batch: its counters change in memory before they are written."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

import msgspec

from payments.kernel.ids import AccountId
from payments.kernel.packing import moment
from payments.ledger.chart import AccountSpec, AccountStatus, Guard

_NO_GUARD: Final = Guard.NONE.value
_CREDIT_GUARD: Final = Guard.CREDIT.value
_DEBIT_GUARD: Final = Guard.DEBIT.value
_OPEN: Final = AccountStatus.OPEN.value
_FROZEN_DEBITS: Final = AccountStatus.FROZEN_DEBITS.value
_FROZEN_CREDITS: Final = AccountStatus.FROZEN_CREDITS.value

OWNED_MAX: Final = 10**18
"""Largest balance of an account of somebody else's money, in minor units."""
HOUSE_MAX: Final = 9 * 10**18
"""The same for our own accounts, positive or negative: they mirror all owned accounts."""
FOLD: Final = 1 << 57
"""Matching debits and credits are subtracted from both counters in steps of
this size (ADR 0053).
"""


class ChangedSinceError(Exception):
    """Somebody has changed an account since it was read: nothing of the batch may be written."""


class Account(msgspec.Struct, gc=False):
    """An account row being changed; the four counters are minor units of its currency.

    `status` is the value of an `AccountStatus`. `last_entry_us`: the time of the newest entry, as
    microseconds since 2000; 0 when there is none.
    """

    id: AccountId
    code: str
    currency: str
    book: int
    guard: int
    status: str
    debits_posted: int
    credits_posted: int
    debits_pending: int
    credits_pending: int
    version: int
    last_entry_us: int
    overdraft_limit: int = 0
    """How far below zero a guarded account may go."""
    forced_debt: int = 0
    """How far below that it was taken by force, and is not made good yet."""
    effective_until: datetime | None = None
    """Before this no transaction may count: balances by effective time were answered."""
    ended: int = 0
    """How much of the pending debits has expired for the operation being decided."""
    place: tuple[int, int] | None = None
    """Block and line of its row, where it was read by this transaction and nothing was pending."""
    written_by: int = 0
    """The transaction that has written the row which is like this; 0: there is none."""

    @property
    def last_entry_at(self) -> datetime | None:
        """The time of the newest entry."""
        return moment(self.last_entry_us) if self.last_entry_us else None

    def is_plain(self, currency: str) -> bool:
        """True when it is open, of our own books, owes nothing and may not go below zero."""
        return (
            self.currency == currency
            and self.status == _OPEN
            and self.guard == _CREDIT_GUARD
            and self.book == 0
            and self.forced_debt == 0
        )

    def lets(self, *, is_debit: bool) -> bool:
        """True when money may go out (`is_debit`), or in."""
        one_way = _FROZEN_CREDITS if is_debit else _FROZEN_DEBITS
        return self.status in {_OPEN, one_way}

    def lacks(self, change: int) -> bool:
        """True when a change would take more than is available of a guarded account."""
        return change < 0 and self.guard == _CREDIT_GUARD and self.available + change < 0

    def cannot_count(self, change: int) -> bool:
        """True when a change would make the balance larger than an account may have."""
        after = self.balance + change
        limit = HOUSE_MAX if self.guard == _NO_GUARD else OWNED_MAX
        return not -limit <= after <= limit

    @property
    def balance(self) -> int:
        """Credits minus debits, without holds."""
        return self.credits_posted - self.debits_posted

    @property
    def available(self) -> int:
        """What may still be taken from a credit-guarded account, its overdraft counted."""
        own = self.credits_posted - self.debits_posted - self.debits_pending
        return own + self.ended + self.overdraft_limit

    @property
    def position(self) -> int:
        """What is there when all that is held is gone."""
        return self.credits_posted - self.debits_posted - self.debits_pending

    @property
    def held(self) -> int:
        """The amount held."""
        return self.debits_pending - self.ended

    def is_broken(self) -> bool:
        """True when the guarded side is below zero with everything pending counted."""
        if self.guard == _CREDIT_GUARD:
            own = self.credits_posted - self.debits_posted - self.debits_pending
            return own < -(self.overdraft_limit + self.forced_debt)
        if self.guard == _DEBIT_GUARD:
            return self.debits_posted - self.credits_posted - self.credits_pending < 0
        return False


def begin_changes(accounts: Iterable[Account]) -> dict[AccountId, int]:
    """Which transaction has written each. From now on, until `end_changes`, no row is like them."""
    seen: dict[AccountId, int] = {}
    for account in accounts:
        seen[account.id] = account.written_by
        account.written_by = 0
    return seen


def end_changes(
    accounts: Mapping[AccountId, Account],
    seen: Mapping[AccountId, int],
    changed: Iterable[AccountId],
    transaction: int,
) -> None:
    """These rows are written by this transaction; others are as they were seen."""
    for id_, written_by in seen.items():
        accounts[id_].written_by = written_by
    for id_ in changed:
        account = accounts[id_]
        account.written_by = transaction
        account.place = None


def fold(account: Account) -> None:
    """Subtract matching turnover from both counters, so that they overflow no earlier than
    balances.
    """
    steps = min(account.debits_posted, account.credits_posted) // FOLD
    account.debits_posted -= steps * FOLD
    account.credits_posted -= steps * FOLD


def new_account(spec: AccountSpec) -> Account:
    """An account that does not exist yet, all counters zero."""
    return Account(
        spec.id, spec.code, spec.currency, spec.book, spec.guard.value, _OPEN, 0, 0, 0, 0, 0, 0
    )
