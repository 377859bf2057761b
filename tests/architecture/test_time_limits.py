"""One rule for what time counts: a limit is judged by when an operation was accepted (ADR 0050)."""

import ast

import pytest

from tests.architecture.sources import python, text

NOW = "context.now"


def judgements(source: str) -> list[int]:
    """Lines that compare or calculate with the time of the decision."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        sides: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.BinOp):
            sides = [node.left, node.right]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"is_over", "if_guessed"}:
            sides = node.args
        lines += [side.lineno for side in sides if ast.unparse(side) == NOW]
    return lines


@pytest.mark.case("C5")
def test_no_limit_is_judged_by_the_time_of_the_decision() -> None:
    found = [f"{name}:{line}" for name in python("payments") for line in judgements(text(name))]
    assert found == [], "context.submitted_at says when it was accepted"


def test_the_lint_sees_what_it_should() -> None:
    assert judgements("if context.now >= limit: pass") == [1]
    assert judgements("limit - context.now") == [1]
    assert judgements("is_over(hold, context.now)") == [1]
    assert judgements("row.changed(paid_at=context.now)") == []
