"""The accounts of one batch in memory: balances change here before they are written."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from payments.kernel.ids import AccountId
from payments.kernel.money import CURRENCIES
from payments.kernel.packing import bytes_of, shared_micros
from payments.ledger.account import FOLD, OWNED_MAX, Account, fold, new_account
from payments.ledger.chart import AccountSpec, AccountStatus
from payments.ledger.posting import Leg, Reserve, pack_entry

_PAIR: Final = 2


class Unbalanced(AssertionError):
    """The legs do not sum to zero within each book and currency: a bug in a `decide`."""


class BalanceLimit(Exception):
    """The operation would exceed the largest balance an account may have. It moves nothing."""


class GuardBroken(AssertionError):
    """An operation would take a guarded account below zero: a bug in its `decide`."""


def fold_turnover(balances: "Balances") -> None:
    """Fold what has grown large, before counters are read for writing."""
    for account in balances.changed.values():
        if account.debits_posted >= FOLD and account.credits_posted >= FOLD:
            fold(account)


class Balances:
    """The locked accounts of a batch, the entries made so far, and the rows to write."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        """`accounts` are locked rows; no other account exists for this batch."""
        self.accounts: dict[AccountId, Account] = {a.id: a for a in accounts}
        self.entries: list[bytes] = []
        """Rows as COPY takes them."""
        self.changed: dict[AccountId, Account] = {}
        self.opened: dict[AccountId, Account] = {}
        self.statuses: dict[AccountId, str] = {}
        self.limited: dict[AccountId, Account] = {}
        """Accounts whose overdraft limit or forced debt changed."""

    def written(self) -> set[AccountId]:
        """The accounts whose rows the batch writes."""
        return {*self.changed, *self.opened, *self.statuses, *self.limited}

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
        accounts, id_bytes, now_us = self.accounts, bytes_of(operation_id), shared_micros(now)
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
            at = account.last_entry_us = max(account.last_entry_us, now_us)
            account.version += 1
            self.changed[account.id] = account
            self.entries.append(
                pack_entry(
                    8, 8, account.id, 8, account.version, 8, minor,
                    8, account.credits_posted - account.debits_posted, 8, at,
                    16, id_bytes, 8, account.book, 2, CURRENCIES[account.currency].number,
                )
            )  # fmt: skip
        for account_id in forces:
            self.force(account_id)
        for leg in legs:
            account = accounts[leg.account_id]
            if account.forced_debt:
                self._make_good(account)
            if account.guard and account.is_broken():
                raise GuardBroken(f"account {account.code} cannot take {leg.minor}")

    def move(
        self,
        payer_id: AccountId,
        receiver_id: AccountId,
        minor: int,
        currency: str,
        operation_id: UUID,
        now: datetime,
    ) -> tuple[int, int] | None:
        """Move money between two open wallets; both balances afterwards.

        None, and nothing has changed, where anything is unusual, or the money is not there.
        """
        payer, receiver = self.accounts.get(payer_id), self.accounts.get(receiver_id)
        if payer is None or receiver is None or payer is receiver:
            return None
        left = payer.credits_posted - payer.debits_posted - minor
        has = receiver.credits_posted - receiver.debits_posted + minor
        if (
            left < payer.debits_pending
            or not receiver.debits_pending <= has <= OWNED_MAX
            or not payer.is_plain(currency)
            or not receiver.is_plain(currency)
        ):
            return None
        payer.debits_posted += minor
        receiver.credits_posted += minor
        self.changed[payer_id], self.changed[receiver_id] = payer, receiver
        now_us, id_bytes = shared_micros(now), bytes_of(operation_id)
        number = CURRENCIES[currency].number
        payer.version = version = payer.version + 1
        payer.last_entry_us = at = max(payer.last_entry_us, now_us)
        debit = pack_entry(
            8, 8, payer_id, 8, version, 8, -minor, 8, left, 8, at, 16, id_bytes, 8, 0, 2, number
        )
        receiver.version = version = receiver.version + 1
        receiver.last_entry_us = at = max(receiver.last_entry_us, now_us)
        credit = pack_entry(
            8, 8, receiver_id, 8, version, 8, minor, 8, has, 8, at, 16, id_bytes, 8, 0, 2, number
        )
        self.entries += (debit, credit)
        return left, has

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
