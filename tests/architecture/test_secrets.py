"""Nothing of the machine that wrote this, and no secret, is in a committed file."""

import re

from tests.architecture.sources import files, text

_OURS = "tests/architecture/test_secrets.py"
_SAMPLES = "tests/fixtures/statements/"
"""Files of banks, some of them in windows-1251 and cp866."""
_TEXT = [
    name
    for name in files()
    if not name.endswith((".png", ".ico", ".woff2")) and not name.startswith(_SAMPLES)
]

MACHINE = re.compile(r"(?<![\w.-])/(?:work|root|home|Users)/\w")
INDEXES = re.compile(
    r"--(?:extra-)?index-url[ =]+\S|--trusted-host|PIP_(?:EXTRA_)?INDEX_URL|UV_INDEX"
    r"|https?://[\w.@:-]*(?:pypi|artifactory|nexus|devpi|proxy\.golang|registry)[\w.-]*"
)
SECRETS = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a key of AWS": re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    "a token of GitHub": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36}\b"),
    "a key of a model": re.compile(r"\bsk-[A-Za-z0-9-]{20,}\b"),
    "a password in an address": re.compile(
        r"(?:postgresql|redis|rediss|smtp|https?)://[\w.-]*:(?P<word>[^@\s…/\"'{}$<>]+)@"
    ),
}
MADE_UP = re.compile(r"pass|secret|pw|test|example|word|(.)\1{3}", re.IGNORECASE)


def _lines(pattern: re.Pattern[str]) -> list[tuple[str, re.Match[str]]]:
    return [
        (f"{name}:{number} {line.strip()[:100]}", match)
        for name in _TEXT
        if name != _OURS
        for number, line in enumerate(text(name).splitlines(), 1)
        if (match := pattern.search(line))
    ]


def test_no_path_of_a_machine_is_named() -> None:
    assert [line for line, _ in _lines(MACHINE)] == []


def test_no_package_index_is_named() -> None:
    assert [line for line, _ in _lines(INDEXES)] == []


def test_no_secret_is_committed() -> None:
    found = [
        f"{kind}: {line}"
        for kind, pattern in SECRETS.items()
        for line, match in _lines(pattern)
        if not ("word" in match.groupdict() and ("tests/" in line or MADE_UP.search(match["word"])))
    ]
    assert found == []


def test_settings_files_with_values_are_ignored() -> None:
    assert ".env" in text(".gitignore").splitlines()
    assert [name for name in files() if name.rpartition("/")[2] == ".env"] == []
