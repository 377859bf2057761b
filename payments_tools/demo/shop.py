"""`payments seed shop`: users, products, and bills with money, for trying the shop."""

from collections.abc import Callable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.bills.queries import bills_of
from payments.bills.topup import TopUpBill, request_of
from payments.kernel.clock import utc_now
from payments.kernel.money import CURRENCIES, format_minor
from payments.operations.submit import Submitter
from payments.products.queries import list_products
from payments.products.writes import ProductChange, create_product
from payments.users.passwords import Passwords
from payments.users.writes import ensure_user

_CURRENCY: Final = CURRENCIES["RUB"]
_WAIT_S: Final = 10
_BILLS_MOST: Final = 10

USERS: Final = (("alice", "alice-demo-password"), ("bob", "bob-demo-password"))
"""Login and password; known to everybody, so development only."""
TOPUPS: Final = (
    (7_000_000_001, "alice", 700_001, 150_000),
    (7_000_000_002, "alice", 700_002, 25_050),
    (7_000_000_003, "bob", 700_003, 99_900),
)
"""The provider's transaction, whose, which bill, how many kopecks."""
PRODUCTS: Final = (
    ("Tea", "Black, loose, 100 g", 19_900),
    ("Teapot", "Glass, one litre", 129_000),
    ("Honey", "From the lime trees of last summer", 45_050),
)


async def seed(engine: AsyncEngine, submitter: Submitter, say: Callable[[str], None]) -> None:
    """Make those that are missing; money comes as top-ups, each once however often this runs."""
    passwords = Passwords()
    ids = {u: await ensure_user(engine, utc_now, passwords, u, p) for u, p in USERS}
    for transaction_id, login, bill_id, minor in TOPUPS:
        intent = TopUpBill(
            transaction_id=transaction_id,
            user_id=ids[login],
            bill_id=bill_id,
            minor=minor,
            currency=_CURRENCY.code,
        )
        await submitter(request_of(intent), _WAIT_S)
    if not await list_products(engine, None, 1):
        for title, description, minor in PRODUCTS:
            product = ProductChange(
                title=title, description=description, minor=minor, currency=_CURRENCY.code
            )
            await create_product(engine, utc_now, product)
    await _say_all(engine, ids, say)


async def _say_all(engine: AsyncEngine, ids: dict[str, int], say: Callable[[str], None]) -> None:
    bills = await bills_of(engine, list(ids.values()), _BILLS_MOST)
    say(f"{'user':>6}  {'login':<8}{'password':<22}bills")
    for login, password in USERS:
        owned = ", ".join(
            f"{b.id}: {format_minor(b.balance, _CURRENCY)} {b.currency}" for b in bills[ids[login]]
        )
        say(f"{ids[login]:>6}  {login:<8}{password:<22}{owned}")
