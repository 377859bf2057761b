"""Reads the PostgreSQL URL: one reader for every role, with libpq's parameter names and clear
errors.

asyncpg parses URLs itself but passes unknown parameters to the server as settings.
"""

import ssl
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_SCHEMES: Final = frozenset({"postgresql", "postgres", "postgresql+asyncpg"})
_SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_SSL_WORDS: Final = {
    **{mode: mode for mode in _SSL_MODES},
    **dict.fromkeys(("true", "1", "on"), "require"),
    **dict.fromkeys(("false", "0", "off"), "disable"),
}
_FILES: Final = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
_SSL_NAMES: Final = frozenset(
    {*_FILES, "sslmode", "sslpassword", "sslnegotiation"}
    | {"ssl_min_protocol_version", "ssl_max_protocol_version"}
)
_WITHOUT_MEANING: Final = frozenset(
    """
    connect_timeout keepalives keepalives_idle keepalives_interval keepalives_count
    tcp_user_timeout sslcompression sslsni client_encoding fallback_application_name
    load_balance_hosts
    """.split()  # noqa: SIM905 - read as a paragraph
)
"""libpq parameters for what asyncpg or this product decides itself; they are ignored."""
_WEAK: Final = {
    "channel_binding": frozenset({"prefer", "disable"}),
    "gssencmode": frozenset({"prefer", "disable"}),
}
"""Guarantees the driver cannot give, with the values that demand none."""
_UNSUPPORTED: Final = frozenset({"require_auth", "requirepeer", "sslcertmode", "replication"})


@lru_cache(maxsize=32)
def canonical(url: str) -> str:
    """The URL as asyncpg reads it.

    Raises ValueError saying what is wrong; the message never contains the URL, which has a password
    in it.
    """
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        raise ValueError("the URL must begin with postgresql://")
    try:
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise ValueError(
            "parameters after the question mark must be names and values: a=1&b=2"
        ) from None
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is given twice")
    query = _checked(dict(pairs))
    return urlunsplit(("postgresql", parts.netloc, parts.path, urlencode(query, safe="/,"), ""))


def _checked(parameters: dict[str, str]) -> dict[str, str]:
    query = {n: v for n, v in parameters.items() if n not in _WITHOUT_MEANING and n != "ssl"}
    for name, harmless in _WEAK.items():
        value = query.pop(name, "prefer")
        if value not in harmless:
            raise ValueError(
                f"{name}={value} is not supported by the driver: remove it, and use "
                "sslmode=verify-full to be sure of the server"
            )
    unknown = [
        n for n in query if n in _UNSUPPORTED or (n.startswith("ssl") and n not in _SSL_NAMES)
    ]
    if unknown:
        raise ValueError(f"{', '.join(unknown)} is not supported")
    mode = _mode(parameters)
    if mode is not None:
        query["sslmode"] = mode
    if query.get("sslrootcert") == "system":
        query["sslrootcert"] = _system_certificates(mode)
    for name in _FILES:
        if name in query and not Path(query[name]).is_file():
            raise ValueError(f"{name} names {query[name]}, which is not a readable file")
    return query


def _mode(parameters: dict[str, str]) -> str | None:
    """`sslmode` of libpq, or `ssl` as SQLAlchemy and others name it; None when neither is given."""
    modes = set()
    for name in ("sslmode", "ssl"):
        if name in parameters:
            word = parameters[name].lower()
            if word not in _SSL_WORDS:
                raise ValueError(f"{name} is one of {', '.join(_SSL_MODES)}")
            modes.add(_SSL_WORDS[word])
    if len(modes) > 1:
        raise ValueError("ssl and sslmode contradict each other: keep sslmode")
    return modes.pop() if modes else None


def _system_certificates(mode: str | None) -> str:
    if mode != "verify-full":
        raise ValueError("sslrootcert=system needs sslmode=verify-full, as in libpq")
    paths = ssl.get_default_verify_paths()
    if paths.cafile is None:
        raise ValueError("sslrootcert=system: this machine has no certificate file; name one")
    return paths.cafile
