"""The address of PostgreSQL: names of libpq, names of others, and what is refused in words."""

from pathlib import Path

import pytest

from payments.entrypoints.environment import read_settings
from payments.entrypoints.settings import BadSettings
from payments.kernel.database_url import canonical

BASE = "postgresql://user:secret-word@db.example:5432/payments"


@pytest.mark.case("P1")
@pytest.mark.parametrize(
    ("query", "read"),
    [
        ("", ""),
        ("?sslmode=require", "?sslmode=require"),
        ("?ssl=require", "?sslmode=require"),
        ("?ssl=true", "?sslmode=require"),
        ("?ssl=false&sslmode=disable", "?sslmode=disable"),
        ("?sslmode=VERIFY-FULL&sslrootcert={ca}", "?sslmode=verify-full&sslrootcert={ca}"),
        ("?sslmode=require&channel_binding=prefer&connect_timeout=10", "?sslmode=require"),
        ("?host=/tmp/run&port=5433", "?host=/tmp/run&port=5433"),
        ("?statement_timeout=5s&keepalives=1", "?statement_timeout=5s"),
        ("?target_session_attrs=read-write", "?target_session_attrs=read-write"),
    ],
)
@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_what_people_write_is_read(scheme: str, query: str, read: str, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.touch()
    given = BASE.replace("postgresql", scheme, 1) + query.format(ca=ca)
    address, _, options = canonical(given).partition("?")
    assert address == BASE
    assert sorted(options.split("&")) == sorted(read.format(ca=ca).removeprefix("?").split("&"))


@pytest.mark.case("P1")
@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://user:secret-word@db/x", "postgresql://"),
        ("secret-word", "postgresql://"),
        (f"{BASE}?sslmode=verify", "sslmode is one of disable, allow"),
        (f"{BASE}?ssl=yes", "ssl is one of"),
        (f"{BASE}?ssl=disable&sslmode=require", "contradict"),
        (f"{BASE}?sslmode=require&sslmode=disable", "sslmode is given twice"),
        (f"{BASE}?sslmod=require", "sslmod is not supported"),
        (f"{BASE}?sslmode=verify-full&sslrootcert=/no/such.pem", "sslrootcert names /no/such.pem"),
        (f"{BASE}?sslmode=require&sslrootcert=system", "needs sslmode=verify-full"),
        (f"{BASE}?channel_binding=require", "channel_binding=require"),
        (f"{BASE}?gssencmode=require", "gssencmode=require"),
        (f"{BASE}?require_auth=scram-sha-256", "require_auth"),
        (f"{BASE}?sslmode", "names and values"),
    ],
)
@pytest.mark.parametrize("name", ["PAYMENTS_DATABASE_URL", "PAYMENTS_DATABASE_READ_URL"])
def test_what_cannot_be_kept_is_refused_in_words_without_the_address(
    name: str, url: str, says: str
) -> None:
    with pytest.raises(BadSettings) as refused:
        read_settings({name: url})
    (problem,) = refused.value.problems
    assert problem.startswith(f"{name}: ")
    assert says in problem
    assert "secret-word" not in problem
