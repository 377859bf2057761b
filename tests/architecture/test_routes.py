"""What clients see of us changes on purpose only."""

from tests.architecture import routes


def test_routes_and_answers_are_the_known_ones() -> None:
    written = routes.PATH.read_text(encoding="utf-8").splitlines()
    found = routes.routes().splitlines()
    changed = [f"- {line}" for line in written if line not in found]
    changed += [f"+ {line}" for line in found if line not in written]
    assert changed == [], "on purpose? python -m tests.architecture.routes"
