"""The style is a test: sizes, names, where transactions begin, what surfaces and clocks may do."""

import ast
import re
from collections.abc import Iterator

from tests.architecture.sources import files, python, text, tree

PRODUCT = ("payments", "payments_tools", "streams", "scheduler", "migrations")
FUNCTION_MAX = 70
FILE_MAX = 300

FILES_LONGER: dict[str, int] = {}
"""A ratchet: files that were longer when this test was written, with how long they may stay."""

WORD_MODULES = re.compile(r"(^|_)(util|utils|helper|helpers|common|misc|base)$")
VAGUE_CLASSES = re.compile(r"(Manager|Helper|Processor|Util|Utils)$")
UNFINISHED = re.compile(r"\b(TODO|FIXME|HACK)\b|\bXXX\b:")

TRANSACTIONS = {
    "payments/ledger/at_a_time.py": "marks until when an account was answered, then reads it",
    "payments/operations/apply.py": "the batch",
    "payments/operations/apart.py": "the same apart, after its fence",
    "payments/operations/locking.py": "a savepoint: what was waited for in vain is passed over",
    "payments/operations/parking.py": "parking what cannot be applied",
    "payments/operations/dead_letters.py": "giving up a letter and rejecting its operation at once",
    "payments/operations/conflicts.py": "a conflict seen at the door is recorded",
    "payments/approvals/writes.py": "asking for a second person, and the decision",
    "payments/operators/writes.py": "operators and what they did; nothing moves",
    "payments/sessions/writes.py": "logins of operators",
    "payments/apikeys/writes.py": "keys are made and revoked by the command line",
    "payments/bankpayments/writes.py": "organizations: reference data",
    "payments/banks/writes.py": "banks, clients, tariffs: reference data",
    "payments/breaks/writes.py": "who works on a break",
    "payments/callbacks/writes.py": "what SuperPay sent is kept before it is understood",
    "payments/deliveries/writes.py": "what is sent to webhook endpoints; nothing moves",
    "payments/endpoints/writes.py": "webhook endpoints; nothing moves",
    "payments/payees/writes.py": "saved wallets of users; nothing moves",
    "payments/events/writes.py": "events get their numbers, and old ones are let go",
    "payments/products/writes.py": "products: reference data",
    "payments/provider/writes.py": "the operator's switch of the provider",
    "payments/reconciliation/writes.py": "a registry file is kept, line by line",
    "payments/recovery/writes.py": "what an operator has done of a recovery",
    "payments/transactions/writes.py": "metadata of a transaction: it moves no money",
    "payments/statements/writes.py": "a statement is kept, line by line; nothing moves",
    "payments/users/writes.py": "users: reference data; attempts, whatever becomes of them",
    "payments/webhooks/writes.py": "a webhook that is turned away is kept",
    "scheduler/checks/audit.py": "all checks of a run see one state",
    "scheduler/runs.py": "which job ran when",
}
"""Where a transaction may begin, and what for. Money moves in the first of them alone."""

NO_TRANSACTION = {"payments_tools/"}
"""The simulator (somebody else's program, with its own SQLite), the benches and the trials."""

SKIPS = {
    "tests/integration/test_embedded_servers.py": "only root can run servers as somebody else",
}
"""Files with a test that is not always run, and why."""

ENVIRONMENT = ("payments/entrypoints/", "payments/embedded/", "payments_tools/")


def test_functions_fit_on_a_screen() -> None:
    long = [
        f"{name}:{node.lineno} {node.name} has {size} lines"
        for name in python()
        if not name.startswith("migrations/versions/")  # a list of tables is a list
        for node in ast.walk(tree(name))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (size := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_MAX
    ]
    assert long == []


def test_files_stay_short() -> None:
    sizes = {name: text(name).count("\n") for name in python()}
    long = [
        f"{name} has {size} lines"
        for name, size in sizes.items()
        if size > FILES_LONGER.get(name, FILE_MAX)
    ]
    assert long == []
    relieved = [name for name in FILES_LONGER if sizes.get(name, 0) <= FILE_MAX]
    assert relieved == [], "these are short now: take them out of FILES_LONGER"


def test_modules_are_named_for_what_they_hold() -> None:
    parts = {part for name in python() for part in name.removesuffix(".py").split("/")}
    assert [part for part in parts if WORD_MODULES.search(part)] == []


def test_classes_are_named_for_what_they_are() -> None:
    vague = [
        f"{name}: {node.name}"
        for name in python()
        for node in ast.walk(tree(name))
        if isinstance(node, ast.ClassDef) and VAGUE_CLASSES.search(node.name)
    ]
    assert vague == []


def test_modules_say_what_they_are() -> None:
    silent = [name for name in python() if text(name) and ast.get_docstring(tree(name)) is None]
    assert silent == []


def test_nothing_is_left_for_later() -> None:
    ours = [n for n in files() if n.endswith((".py", ".sql", ".md", ".yml", ".toml", "Makefile"))]
    found = [
        f"{name}:{number} {line.strip()}"
        for name in ours
        if name != "tests/architecture/test_tidy.py"
        for number, line in enumerate(text(name).splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert found == []


def test_no_test_is_skipped() -> None:
    skipping = re.compile(r"pytest\.(mark\.)?(skip|skipif|xfail|importorskip)\b")
    ours = {name for name in python("tests") if not name.startswith("tests/architecture/")}
    assert {name for name in ours if skipping.search(text(name))} - set(SKIPS) == set()


def test_transactions_begin_in_known_places_only() -> None:
    found = {name for name in python(*PRODUCT) if any(_begins(name))}
    found = {name for name in found if not name.startswith(tuple(NO_TRANSACTION))}
    assert found - set(TRANSACTIONS) == set(), "say here what this transaction is for"
    assert set(TRANSACTIONS) - found == set(), "no transaction begins there any more"


def _begins(name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value).rpartition(".")[2]
            is_database = owner.strip("_") in {"engine", "connection", "session", "pool"}
            if is_database and node.func.attr in {"begin", "transaction", "begin_nested"}:
                yield node


def test_surfaces_hold_no_sql() -> None:
    statements = {"select", "insert", "update", "delete", "text"}
    found = []
    for name in python("payments/surfaces"):
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = ast.unparse(node.func.value)
                if owner in {"sa", "sqlalchemy"} and node.func.attr in statements:
                    found.append(f"{name}:{node.lineno} {ast.unparse(node.func)}")
            if isinstance(node, ast.ImportFrom) and node.module in {"sqlalchemy", "asyncpg"}:
                found.append(f"{name}:{node.lineno} imports {node.module}")
    assert found == [], "queries.py and writes.py of a capability are the place"


def test_only_composition_roots_read_the_environment() -> None:
    reads = re.compile(r"\bos\.(environ|getenv)\b")
    found = [
        name
        for name in python(*PRODUCT)
        if not name.startswith(ENVIRONMENT) and reads.search(text(name))
    ]
    assert found == []


def test_routes_catch_nothing() -> None:
    found = [
        f"{name}:{node.lineno} {node.name}"
        for name in python("payments/surfaces")
        for node in ast.walk(tree(name))
        if isinstance(node, ast.AsyncFunctionDef) and _is_route(node)
        if any(isinstance(inner, ast.Try) for inner in ast.walk(node))
    ]
    assert found == [], "errors are rendered once, in payments.http.errors"


DIRECT = {
    "payments/surfaces/console/access.py": "a way to authenticate: no handler, so no signature",
    "payments/surfaces/shop/access.py": "a way to authenticate: no handler, so no signature",
    "payments/surfaces/shop/webhook.py": "a hot route (ADR 0092)",
    "payments/surfaces/native/bulk.py": "a hot route",
    "payments/surfaces/native/items.py": "intents of a bulk's items: no handlers",
    "payments/surfaces/native/holds.py": "`look`, for handlers and for items of a bulk",
    "payments/surfaces/superpay/payouts.py": "`look`, for handlers and for items of a bulk",
    "payments/surfaces/native/transactions.py": "`look`, for handlers and for items of a bulk",
    "payments/surfaces/native/transfers.py": "a hot route; `look`, for handlers and items",
}


def test_ordinary_handlers_name_what_they_use_in_their_signature() -> None:
    direct = {
        name
        for name in python("payments/surfaces")
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"service", "services_of"}
    }
    # The shop's configuration starts what runs beside the application, outside of any request.
    assert direct - {"payments/surfaces/shop/config.py"} == set(DIRECT)
    handlers = [
        f"{name}:{node.lineno} {node.name}"
        for name in python("payments/http")
        for node in ast.walk(tree(name))
        if isinstance(node, ast.AsyncFunctionDef) and _is_route(node)
        if any(isinstance(inner, ast.Name) and inner.id == "service" for inner in ast.walk(node))
    ]
    assert handlers == [], "write `engine: NamedDependency[AsyncEngine]` (ADR 0093)"


def _is_route(function: ast.AsyncFunctionDef) -> bool:
    decorators = {
        ast.unparse(d.func if isinstance(d, ast.Call) else d) for d in function.decorator_list
    }
    return bool(decorators & {"get", "post", "hot_post", "put", "patch", "delete", "route"})
