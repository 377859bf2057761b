"""README.md and docs/reconciliation.md run as printed, against a real `payments up`.

All `sh` blocks are one script, those of the second document after the first ones. A comment
`# 201 {"status":"applied"}` says how the requests since the comment before ended: the status of the
last one, and parts of what was printed.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import pytest
import typer

from payments.entrypoints import cli
from tests.fixtures.running_up import DEADLINE_S, ROOT, Running, running_up

README: Final = (ROOT / "README.md").read_text(encoding="utf-8")
RECONCILIATION: Final = (ROOT / "docs/reconciliation.md").read_text(encoding="utf-8")
STEP_END: Final = "=== end of a step"
ANSWER: Final = re.compile(r"^# (\d{3}) (\{.*\})$")
PART: Final = re.compile(r'"\w+":(?:"[^"]*"|[^,}]+)')
STAND_IN: Final = ROOT / "tests/fixtures/curl.py"

pytestmark = [pytest.mark.xdist_group("up"), pytest.mark.faults]


class Step(NamedTuple):
    """Some lines of the README and the answer it shows for them."""

    script: str
    status: str
    parts: list[str]


def steps() -> list[Step]:
    """The `sh` blocks, cut at the answers."""
    found, lines = [], list[str]()
    for block in re.findall(
        r"^```sh\n(.*?)^```$", f"{README}\n{RECONCILIATION}", re.MULTILINE | re.DOTALL
    ):
        for line in block.splitlines():
            answer = ANSWER.match(line)
            if answer is None:
                lines.append(line)
            else:
                found.append(Step("\n".join(lines), answer[1], PART.findall(answer[2])))
                lines = []
    assert not lines, f"nothing is said of how these end: {lines}"
    return found


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """`payments up` on a free port and a new data directory."""
    with running_up() as up:
        yield up


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """An environment where `python3` is ours, and where curl tells the status on stderr."""
    programs = {"python3": shlex.quote(sys.executable)}
    if shutil.which("curl") is None:
        programs["curl"] = f"{shlex.quote(sys.executable)} {shlex.quote(str(STAND_IN))}"
    for name, command in programs.items():
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        program.chmod(0o755)
    (tmp_path / ".curlrc").write_text('write-out = "%{stderr}%{http_code}\\n"\nnoproxy = "*"\n')
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "CURL_HOME": str(tmp_path)}


def adapted(script: str, running: Running) -> str:
    """The script with our port, data directory and command in place of those of `make run`."""
    for printed, ours in (
        ("BASE=http://127.0.0.1:8000", f"BASE={running.base}"),
        (".venv/bin/payments", f"{shlex.quote(sys.executable)} -m payments"),
        ("--data-dir .payments", f"--data-dir {running.data_dir}"),
    ):
        script = script.replace(printed, ours)
    return script


def test_every_block_runs_and_answers_as_printed(running: Running, shell: dict[str, str]) -> None:
    printed = steps()
    script = "set -e\n" + "".join(
        f"{step.script}\necho; echo '{STEP_END}'; echo '{STEP_END}' >&2\n" for step in printed
    )
    done = subprocess.run(
        ["/bin/sh", "-c", adapted(script, running)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=shell,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    outputs, statuses = done.stdout.split(STEP_END), done.stderr.split(STEP_END)
    assert len(outputs) == len(printed) + 1
    for step, output, status in zip(printed, outputs, statuses, strict=False):
        assert status.split()[-1] == step.status, f"{step.script}\n{output}"
        for part in step.parts:
            assert part in output, f"{step.script}\n{output}"


def test_the_stand_in_answers_as_curl_does(running: Running) -> None:
    command = [sys.executable, str(STAND_IN), "-s", "-H", "Content-Type: application/json"]
    url = f"{running.base}/bank/balance"
    body = '{"api_key":"sfxf2d@3","number_invoice_seller":"2mzp5"}'
    found = subprocess.run(
        [*command, "-X", "POST", "-d", body, url], capture_output=True, text=True, check=True
    )
    assert (found.stdout, found.stderr) == ('{"balance":"25000"}', "200\n")
    denied = subprocess.run([*command, "-d", "{}", url], capture_output=True, text=True, check=True)
    assert denied.stderr == "401\n"
    nobody = subprocess.run([*command, "http://127.0.0.1:1/"], capture_output=True, check=False)
    assert nobody.returncode == 7


def commands() -> dict[str, set[str]]:
    """Every command of the program, with its sub-commands."""
    group = cast("Any", typer.main.get_command(cli.app))
    return {n: set(getattr(c, "commands", ())) for n, c in group.commands.items()}


def test_every_command_is_in_the_table() -> None:
    rows = [r for r in README.splitlines() if r.startswith("|")]
    named = {n for r in rows for n in re.findall(r"`payments ([a-z-]+)`", r)}
    assert named == set(commands())


def test_the_table_names_sub_commands_that_exist() -> None:
    rows = [r for r in README.splitlines() if r.startswith("| `payments ")]
    for first, *words in (re.findall(r"`(payments [a-z-]+|[a-z-]+)`", row) for row in rows):
        known = commands()[first.removeprefix("payments ")]
        if known and not any(word.startswith("payments ") for word in words):
            assert set(words) <= known, first
