"""The accounts of one batch in memory: balances change here before they are written."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from payments.kernel.ids import AccountId
from payments.kernel.money import CURRENCIES
from payments.ledger.chart import AccountSpec, AccountStatus, Guard
from payments.ledger.posting import EntryRow, Leg, Reserve

_PAIR: Final = 2
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


class Unbalanced(AssertionError):
    """The legs do not sum to zero within each book and currency: a bug in a `decide`."""


class BalanceLimit(Exception):
    """The operation would exceed the largest balance an account may have. It moves nothing."""


class GuardBroken(AssertionError):
    """An operation would take a guarded account below zero: a bug in its `decide`."""


class Account(msgspec.Struct, gc=False):
    """An account row being changed; the four counters are minor units of its currency.

    `status` is the value of an `AccountStatus`.
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
    last_entry_at: datetime | None
    overdraft_limit: int = 0
    """How far below zero a guarded account may go."""
    forced_debt: int = 0
    """How far below that it was taken by force, and is not made good yet."""
    effective_until: datetime | None = None
    """Before this no transaction may count: balances by effective time were answered."""
    ended: int = 0
    """How much of the pending debits has expired for the operation being decided."""

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


def fold(account: Account) -> None:
    """Subtract matching turnover from both counters, so that they overflow no earlier than
    balances.
    """
    steps = min(account.debits_posted, account.credits_posted) // FOLD
    account.debits_posted -= steps * FOLD
    account.credits_posted -= steps * FOLD


def fold_turnover(balances: "Balances") -> None:
    """Fold what has grown large, before counters are read for writing."""
    for account in balances.changed.values():
        if account.debits_posted >= FOLD and account.credits_posted >= FOLD:
            fold(account)


def new_account(spec: AccountSpec) -> Account:
    """An account that does not exist yet, all counters zero."""
    return Account(
        spec.id, spec.code, spec.currency, spec.book, spec.guard.value, _OPEN, 0, 0, 0, 0, 0, None
    )


class Balances:
    """The locked accounts of a batch, the entries made so far, and the rows to write."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        """`accounts` are locked rows; no other account exists for this batch."""
        self.accounts: dict[AccountId, Account] = {a.id: a for a in accounts}
        self.entries: list[EntryRow] = []
        self.changed: dict[AccountId, Account] = {}
        self.opened: dict[AccountId, Account] = {}
        self.statuses: dict[AccountId, str] = {}
        self.limited: dict[AccountId, Account] = {}
        """Accounts whose overdraft limit or forced debt changed."""

    def savepoint(self, account_ids: Iterable[AccountId]) -> Callable[[], None]:
        """A function that puts these accounts, and what is to be written, back as it is now."""
        found = {i: self.accounts[i] for i in set(account_ids) if i in self.accounts}
        before = {i: msgspec.structs.astuple(account) for i, account in found.items()}
        entries, ids = len(self.entries), set(self.accounts)
        changed, opened = dict(self.changed), dict(self.opened)
        statuses, limited = dict(self.statuses), dict(self.limited)

        def undo() -> None:
            for account_id, values in before.items():
                for name, value in zip(Account.__struct_fields__, values, strict=True):
                    setattr(found[account_id], name, value)
            for account_id in self.accounts.keys() - ids:
                del self.accounts[account_id]
            del self.entries[entries:]
            self.changed, self.opened = changed, opened
            self.statuses, self.limited = statuses, limited

        return undo

    def open(self, spec: AccountSpec) -> None:
        """Add a new account."""
        if spec.id in self.accounts:
            raise Unbalanced(f"account {spec.code} is there already")
        self.accounts[spec.id] = self.opened[spec.id] = new_account(spec)

    def close_again(self, spec: AccountSpec) -> None:
        """Remove an account that `open` added and that nothing was posted to."""
        del self.accounts[spec.id], self.opened[spec.id]

    def reserve(self, reserves: Sequence[Reserve]) -> None:
        """Change pending debits; checked like postings."""
        for reserve in reserves:
            account = self.accounts[reserve.account_id]
            account.debits_pending += reserve.minor
            if account.debits_pending < 0 or (reserve.minor > 0 and account.is_broken()):
                raise GuardBroken(f"account {account.code} cannot hold {reserve.minor}")
            self.changed[account.id] = account

    def set_status(self, account_id: AccountId, status: AccountStatus) -> None:
        """Freeze an account, open it again, or close it."""
        self.accounts[account_id].status = self.statuses[account_id] = status.value

    def set_overdraft(self, account_id: AccountId, limit: int) -> None:
        """Let a guarded account go that far below zero.

        Raises `GuardBroken` when it stands lower.
        """
        account = self.accounts[account_id]
        account.overdraft_limit = limit
        self._make_good(account)
        if account.is_broken():
            raise GuardBroken(f"account {account.code} stands below its limit")
        self.limited[account_id] = self.changed[account_id] = account

    def force(self, account_id: AccountId) -> None:
        """Let the account stand where the legs have taken it; its debits wait until it is up."""
        account = self.accounts[account_id]
        below = -account.position - account.overdraft_limit
        if below > account.forced_debt:
            account.forced_debt = below
            self.limited[account_id] = account

    def _make_good(self, account: Account) -> None:
        """What has come in takes the forced debt down with it."""
        below = max(0, -account.position - account.overdraft_limit)
        if below < account.forced_debt:
            account.forced_debt = below
            self.limited[account.id] = account

    def post(
        self,
        legs: Sequence[Leg],
        operation_id: UUID,
        now: datetime,
        forces: Sequence[AccountId] = (),
    ) -> None:
        """Apply an operation's legs; `forces` are taken below their limit where they must.

        Raises `Unbalanced` or `GuardBroken`: nothing is written.
        """
        accounts = self.accounts
        for leg in legs:
            account = accounts[leg.account_id]
            minor = leg.minor
            if minor > 0:
                account.credits_posted += minor
            elif minor < 0:
                account.debits_posted -= minor
            else:
                raise Unbalanced(f"a leg of zero on {account.code}")
            # Times within an account never go back, whatever the clock does: balance_at searches
            # by them.
            last = account.last_entry_at
            account.last_entry_at = at = now if last is None or last < now else last
            account.version += 1
            self.changed[account.id] = account
            self.entries.append(
                (
                    account.id,
                    account.version,
                    minor,
                    account.credits_posted - account.debits_posted,
                    at,
                    operation_id,
                    account.book,
                    CURRENCIES[account.currency].number,
                )
            )
        for account_id in forces:
            self.force(account_id)
        for leg in legs:
            account = accounts[leg.account_id]
            if account.forced_debt:
                self._make_good(account)
            if account.guard and account.is_broken():
                raise GuardBroken(f"account {account.code} cannot take {leg.minor}")

    def check(self, legs: Sequence[Leg]) -> None:
        """Raise `Unbalanced`, or `BalanceLimit` when an account could not count the money."""
        if len(legs) == _PAIR and self._is_plain(*legs):
            return
        sums: dict[tuple[int, str], int] = {}
        moved: dict[AccountId, int] = {}
        for leg in legs:
            account = self.accounts[leg.account_id]
            change = moved[leg.account_id] = moved.get(leg.account_id, 0) + leg.minor
            after = account.credits_posted - account.debits_posted + change
            if (after > OWNED_MAX or after < -OWNED_MAX) and account.cannot_count(change):
                raise BalanceLimit(f"account {account.code} cannot hold {after}")
            key = (account.book, account.currency)
            sums[key] = sums.get(key, 0) + leg.minor
        if any(sums.values()):
            raise Unbalanced(f"the legs sum to {sums}")

    def _is_plain(self, one: Leg, other: Leg) -> bool:
        """True for the usual case: two legs between accounts that can count the money."""
        first, second = self.accounts[one.account_id], self.accounts[other.account_id]
        return (
            one.minor == -other.minor
            and first is not second
            and first.currency == second.currency
            and first.book == second.book
            and -OWNED_MAX <= first.balance + one.minor <= OWNED_MAX
            and -OWNED_MAX <= second.balance + other.minor <= OWNED_MAX
        )
