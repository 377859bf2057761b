"""The generated parts of docs/superpay.

`python -m tests.contracts.superpay_tables` writes them into the documents.
"""

import re
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

import payments.registry
from payments.kernel.database import METADATA
from payments.payouts.status import HOLDING, TRANSITIONS, Claim, PayoutState

DOCS = Path(__file__).parents[2] / "docs" / "superpay"
TABLES = (
    "wallets",
    "accounts",
    "entries",
    "holds",
    "users",
    "payees",
    "payouts",
    "payout_attempts",
    "payout_evidence",
    "deposits",
    "deposit_evidence",
    "provider_callbacks",
    "rejected_callbacks",
    "provider_switches",
    "registry_runs",
    "registry_lines",
    "breaks",
)
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def transitions() -> str:
    """State and claim → state, from the code's own table."""
    rows = ["| from | evidence | to | hold |", "| --- | --- | --- | --- |"]
    for state in PayoutState:
        nexts: dict[PayoutState, list[Claim]] = {}
        for claim, after in TRANSITIONS[state].items():
            nexts.setdefault(after, []).append(claim)
        for after, claims in nexts.items():
            words = ", ".join(f"`{c.value}`" for c in claims)
            hold = "open" if after in HOLDING else "ends"
            rows.append(f"| `{state.value}` | {words} | `{after.value}` | {hold} |")
        if not nexts:
            rows.append(f"| `{state.value}` | | final | |")
    return "\n".join(rows)


def table(name: str) -> str:
    """A table's columns, keys and constraints, as the migrations make them."""
    found = METADATA.tables[name]
    rows = [f"### `{name}`", ""]
    if found.comment:
        rows += [f"{found.comment[0].upper()}{found.comment[1:]}.", ""]
    rows += ["| column | type | null | |", "| --- | --- | --- | --- |"]
    for column in found.columns:
        kind = column.type.compile(dialect=_DIALECT).lower()
        null = "yes" if column.nullable else ""
        key = "primary key" if column.primary_key else ""
        note = "; ".join(filter(None, (key, column.comment)))
        rows.append(f"| `{column.name}` | {kind} | {null} | {note} |")
    rows.append("")
    rows += [f"* {line}" for line in sorted(_constraints(found))]
    return "\n".join(rows).strip()


def _constraints(found: sa.Table) -> list[str]:
    lines = []
    for one in found.constraints:
        if isinstance(one, sa.UniqueConstraint):
            lines.append(f"unique ({', '.join(c.name for c in one.columns)})")
        elif isinstance(one, sa.ForeignKeyConstraint):
            columns = ", ".join(c.name for c in one.columns)
            lines.append(f"foreign key ({columns}) to `{one.referred_table.name}`")
        elif isinstance(one, sa.CheckConstraint):
            lines.append(f"check {' '.join(str(one.sqltext).split())}")
    for index in found.indexes:
        where = index.dialect_options["postgresql"]["where"]
        unique = "unique " if index.unique else ""
        columns = ", ".join(getattr(c, "name", str(c)) for c in index.expressions)
        lines.append(f"{unique}index ({columns})" + ("" if where is None else f" where {where}"))
    return lines


def blocks() -> dict[str, tuple[str, str]]:
    """Document and text of each generated block, by its name."""
    assert payments.registry.OPERATIONS  # imports every tables module
    return {
        "transitions": ("flow.md", transitions()),
        **{name: ("database.md", table(name)) for name in TABLES},
    }


def marked(name: str, text: str) -> str:
    """A block between its marks."""
    return f"<!-- generated: {name} -->\n{text}\n<!-- end -->"


def main() -> None:
    """Write every block into its document; new ones go to the end."""
    for name, (document, text) in blocks().items():
        path = DOCS / document
        content = path.read_text(encoding="utf-8")
        pattern = re.compile(rf"<!-- generated: {name} -->\n.*?<!-- end -->", re.DOTALL)
        block = marked(name, text)
        if pattern.search(content):
            content = pattern.sub(block.replace("\\", r"\\"), content)
        else:
            content = f"{content.rstrip()}\n\n{block}\n"
        path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
