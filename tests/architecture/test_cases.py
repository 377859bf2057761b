"""Every reported fault has a test that carries its number, and no test carries an unknown one."""

import ast
from pathlib import Path

TESTS = Path(__file__).parents[1]
LISTED = Path(__file__).with_name("cases.txt")


def listed() -> list[str]:
    lines = LISTED.read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def marked() -> set[str]:
    """The arguments of every `@pytest.mark.case(...)` under tests/."""
    found: set[str] = set()
    for path in TESTS.rglob("*.py"):
        text = path.read_text()
        if "mark.case(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.case":
                found |= {ast.literal_eval(argument) for argument in node.args}
    return found


def test_every_reported_fault_has_a_test() -> None:
    assert marked() == set(listed())


def test_the_list_is_sorted_and_names_each_once() -> None:
    assert listed() == sorted(set(listed()))
