"""`payments up` of an installation without the extra: what to install, and nothing left behind."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from payments.embedded import binaries
from payments.entrypoints.up import up


@pytest.fixture(autouse=True)
def signals_are_given_back() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.case("P8")
def test_a_wheel_without_the_extra_says_which_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(binaries, "_package_folder", lambda _name: None)
    monkeypatch.setattr(binaries, "_redis_candidates", list)
    for variable in ("PAYMENTS_ENV", "PAYMENTS_DATABASE_URL", "PAYMENTS_REDIS_URL"):
        monkeypatch.delenv(variable, raising=False)
    data = tmp_path / "data"
    assert up(data_dir=data) == 1
    said = capsys.readouterr()
    assert "pip install 'payments-platform[embedded]'" in said.err
    assert "Traceback" not in said.err + said.out
    assert not data.exists()
