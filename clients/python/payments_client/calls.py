"""The calls that both clients offer, each once: `Client` and `AsyncClient` run them."""

from collections.abc import Mapping, Sequence
from typing import Any

from payments_client import answers
from payments_client.call import (
    Amount,
    Change,
    Money,
    Pages,
    Read,
    amount_text,
    new_key,
    present,
    query_of,
)


def open_wallet(
    currency: str,
    owner: str = "",
    metadata: Mapping[str, Any] | None = None,
    *,
    idempotency_key: str | None = None,
    wait_s: int | None = None,
) -> Money[answers.WalletOpened]:
    """Open a wallet; its currency is for life."""
    body = present(currency=currency, owner=owner, metadata=metadata)
    return _money("/v1/wallets", answers.WalletOpened, body, idempotency_key, wait_s)


def wallet(wallet_id: int, *, at: str | None = None) -> Read[answers.Wallet]:
    """A wallet with its balance; `at` (RFC 3339): as it was then."""
    return Read(path=f"/v1/wallets/{wallet_id}", type_=answers.Wallet, query=query_of(at=at))


def wallets(
    *, owner: str | None = None, currency: str | None = None, status: str | None = None
) -> Pages[answers.Wallet]:
    """Wallets, newest first."""
    query = query_of(owner=owner, currency=currency, status=status)
    return Pages(path="/v1/wallets", type_=answers.Wallet, query=query)


def entries(
    wallet_id: int, *, from_: str | None = None, to: str | None = None, kind: str | None = None
) -> Pages[answers.Entry]:
    """Movements of a wallet, newest first."""
    query = query_of(from_=from_, to=to, kind=kind)
    return Pages(path=f"/v1/wallets/{wallet_id}/entries", type_=answers.Entry, query=query)


def adjust(
    wallet_id: int,
    amount: Amount,
    currency: str,
    direction: str,
    reason: str,
    *,
    idempotency_key: str | None = None,
    wait_s: int | None = None,
) -> Money[answers.Adjusted]:
    """Credit or debit a wallet against the house; scope `ledger:admin`."""
    body = _amount(amount, currency, wallet_id=wallet_id, direction=direction, reason=reason)
    return _money("/v1/adjustments", answers.Adjusted, body, idempotency_key, wait_s)


def transfer(
    source_wallet_id: int,
    destination_wallet_id: int,
    amount: Amount,
    currency: str,
    description: str = "",
    *,
    idempotency_key: str | None = None,
    wait_s: int | None = None,
) -> Money[answers.Transferred]:
    """Move money between two wallets."""
    body = _amount(
        amount,
        currency,
        source_wallet_id=source_wallet_id,
        destination_wallet_id=destination_wallet_id,
        description=description,
    )
    return _money("/v1/transfers", answers.Transferred, body, idempotency_key, wait_s)


def transfer_by_id(transfer_id: str) -> Read[answers.Transfer]:
    """A transfer, by its id or its operation's."""
    return Read(path=f"/v1/transfers/{transfer_id}", type_=answers.Transfer)


def reverse_transfer(
    transfer_id: str,
    amount: Amount | None = None,
    *,
    idempotency_key: str | None = None,
    wait_s: int | None = None,
) -> Money[answers.Transferred]:
    """Take a transfer back, whole or in part."""
    body = {} if amount is None else {"amount": amount_text(amount)}
    path = f"/v1/transfers/{transfer_id}/reverse"
    return _money(path, answers.Transferred, body, idempotency_key, wait_s)


def hold(
    wallet_id: int,
    amount: Amount,
    currency: str,
    *,
    expires_in_s: int | None = None,
    description: str = "",
    idempotency_key: str | None = None,
    wait_s: int | None = None,
) -> Money[answers.HoldCreated]:
    """Set money aside."""
    body = _amount(amount, currency, wallet_id=wallet_id, description=description)
    body |= present(expires_in_s=expires_in_s)
    return _money("/v1/holds", answers.HoldCreated, body, idempotency_key, wait_s)


def hold_by_id(hold_id: str) -> Read[answers.Hold]:
    """A hold."""
    return Read(path=f"/v1/holds/{hold_id}", type_=answers.Hold)


def capture(
    hold_id: str,
    destination_wallet_id: int,
    amount: Amount | None = None,
    *,
    final: bool = False,
    idempotency_key: str | None = None,
    wait_s: int | None = None,
) -> Money[answers.HoldCaptured]:
    """Pay from a hold, the rest of it when no amount is named; `final` lets the rest go."""
    text = None if amount is None else amount_text(amount)
    body = present(destination_wallet_id=destination_wallet_id, amount=text, final=final)
    path = f"/v1/holds/{hold_id}/capture"
    return _money(path, answers.HoldCaptured, body, idempotency_key, wait_s)


def release(
    hold_id: str, *, idempotency_key: str | None = None, wait_s: int | None = None
) -> Money[answers.HoldReleased]:
    """Let a hold go."""
    path = f"/v1/holds/{hold_id}/release"
    return _money(path, answers.HoldReleased, {}, idempotency_key, wait_s)


def transact(
    postings: Sequence[Mapping[str, Any]],
    *,
    reference: str = "",
    description: str = "",
    metadata: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
    wait_s: int | None = None,
) -> Money[answers.TransactionCreated]:
    """1 to 100 postings `{"source","destination","amount","currency"}`, all or nothing."""
    texts = [{**posting, "amount": amount_text(posting["amount"])} for posting in postings]
    body = present(postings=texts, reference=reference, description=description, metadata=metadata)
    path = "/v1/transactions"
    return _money(path, answers.TransactionCreated, body, idempotency_key, wait_s)


def transactions(
    *, wallet_id: int | None = None, kind: str | None = None, reference: str | None = None
) -> Pages[answers.Transaction]:
    """Everything that moved money, newest first."""
    query = query_of(wallet_id=wallet_id, kind=kind, reference=reference)
    return Pages(path="/v1/transactions", type_=answers.Transaction, query=query)


def payout(
    wallet_id: int,
    superpay_wallet_id: str,
    amount: Amount,
    currency: str,
    *,
    description: str = "",
    idempotency_key: str | None = None,
    wait_s: int | None = None,
) -> Money[answers.PayoutRequested]:
    """Pay out through SuperPay: the money is held, and leaves when SuperPay has paid."""
    to = {"superpay_wallet_id": superpay_wallet_id, "description": description}
    body = _amount(amount, currency, wallet_id=wallet_id, **to)
    return _payout(body, idempotency_key, wait_s)


def payout_to_payee(
    wallet_id: int,
    payee_id: str,
    amount: Amount,
    currency: str,
    *,
    description: str = "",
    idempotency_key: str | None = None,
    wait_s: int | None = None,
) -> Money[answers.PayoutRequested]:
    """Pay out to a saved payee: the wallet's owner and currency must be the payee's."""
    to = {"payee_id": payee_id, "description": description}
    body = _amount(amount, currency, wallet_id=wallet_id, **to)
    return _payout(body, idempotency_key, wait_s)


def _payout(
    body: Mapping[str, Any], key: str | None, wait_s: int | None
) -> Money[answers.PayoutRequested]:
    return _money("/v1/payouts", answers.PayoutRequested, body, key, wait_s)


def save_payee(
    owner: str,
    superpay_wallet_id: str,
    currency: str,
    *,
    name: str = "",
    user_id: int | None = None,
) -> Change[answers.Payee]:
    """Save a person's SuperPay wallet, which SuperPay is asked about; again: what is saved."""
    body = present(owner=owner, superpay_wallet_id=superpay_wallet_id, currency=currency)
    body |= present(name=name or None, user_id=user_id)
    return Change(path="/v1/payees", type_=answers.Payee, body=body)


def payee(payee_id: str) -> Read[answers.Payee]:
    """A payee of yours."""
    return Read(path=f"/v1/payees/{payee_id}", type_=answers.Payee)


def payees(*, owner: str | None = None) -> Pages[answers.Payee]:
    """Your payees, newest first."""
    return Pages(path="/v1/payees", type_=answers.Payee, query=query_of(owner=owner))


def delete_payee(payee_id: str) -> Change[None]:
    """Delete a payee; payouts that were accepted go on."""
    return Change(path=f"/v1/payees/{payee_id}", type_=type(None), method="DELETE")


def payout_by_id(payout_id: str) -> Read[answers.Payout]:
    """A payout."""
    return Read(path=f"/v1/payouts/{payout_id}", type_=answers.Payout)


def payouts(*, wallet_id: int | None = None, status: str | None = None) -> Pages[answers.Payout]:
    """Payouts, newest first."""
    query = query_of(wallet_id=wallet_id, status=status)
    return Pages(path="/v1/payouts", type_=answers.Payout, query=query)


def cancel_payout(
    payout_id: str, *, idempotency_key: str | None = None, wait_s: int | None = None
) -> Money[answers.PayoutCancelled]:
    """Cancel a payout that was not sent yet."""
    path = f"/v1/payouts/{payout_id}/cancel"
    return _money(path, answers.PayoutCancelled, {}, idempotency_key, wait_s)


def operation(operation_id: str, *, wait_s: int = 0) -> Read[answers.Operation]:
    """Where an operation stands, after waiting up to `wait_s` for its decision."""
    path = f"/v1/operations/{operation_id}"
    return Read(path=path, type_=answers.Operation, query=query_of(wait=wait_s))


def events(*, after: int = 0, types: Sequence[str] = (), wait_s: int = 0) -> Pages[answers.Event]:
    """Events in their order, until there are no more; `wait_s` waits for the next."""
    query = query_of(after=after, type=",".join(types) or None, wait=wait_s)
    return Pages(path="/v1/events", type_=answers.Event, query=query)


def _amount(amount: Amount, currency: str, **fields: Any) -> dict[str, Any]:
    return {**fields, "amount": amount_text(amount), "currency": currency}


def _money(
    path: str, type_: type[Any], body: Mapping[str, Any], key: str | None, wait_s: int | None
) -> Money[Any]:
    return Money(path=path, type_=type_, body=body, key=key or new_key(), wait_s=wait_s)
