"""Settings: everything that is wrong is said at once, and secrets are never said."""

from pathlib import Path

import pytest

from payments.entrypoints.environment import read_settings
from payments.entrypoints.settings import (
    DESCRIPTIONS,
    VARIABLES,
    BadSettings,
    Profile,
    Secret,
    Settings,
)

PRODUCTION = {
    "PAYMENTS_ENV": "production",
    "PAYMENTS_HOST": "0.0.0.0",  # noqa: S104 - production listens for its proxy
    "PAYMENTS_PUBLIC_URL": "https://pay.example.com",
    "PAYMENTS_DATABASE_URL": "postgresql://payments:x@db/payments",
    "PAYMENTS_REDIS_URL": "redis://redis/0",
    "PAYMENTS_SMTP_URL": "smtp://mail:587",
    "PAYMENTS_SUPERPAY_BASE_URL": "https://superpay.example.com",
    **{
        f"PAYMENTS_{name}": f"{n:x}" + "0123456789abcdef" * 3
        for n, name in enumerate(
            (
                *("JWT_SECRET", "CODE_PEPPER", "WALLETSERVICE_API_KEY", "SHOP_WEBHOOK_KEY"),
                *("BANK_WEBHOOK_SECRET", "SUPERPAY_API_KEY", "SUPERPAY_SIGNING_SECRET"),
                *("SUPERPAY_CALLBACK_SECRETS", "WEBHOOK_ENCRYPTION_KEY"),
            )
        )
    },
}


def problems(**changes: str) -> str:
    with pytest.raises(BadSettings) as caught:
        read_settings({**PRODUCTION, **changes})
    return "\n".join(caught.value.problems)


def test_development_needs_nothing() -> None:
    settings = read_settings({})
    assert settings.env is Profile.DEVELOPMENT
    assert settings.base_url == "http://127.0.0.1:8000"


def test_development_stays_on_loopback() -> None:
    for host in ("0.0.0.0", "192.168.1.1", "example.com"):  # noqa: S104
        with pytest.raises(BadSettings, match="loopback"):
            read_settings({"PAYMENTS_HOST": host})


def test_a_whole_production_is_accepted() -> None:
    assert read_settings(PRODUCTION).is_production


def test_production_says_everything_at_once() -> None:
    with pytest.raises(BadSettings) as caught:
        read_settings({"PAYMENTS_ENV": "production", "PAYMENTS_PORT": "x"})
    said = "\n".join(caught.value.problems)
    for name in PRODUCTION:
        assert name in said or name in {"PAYMENTS_ENV", "PAYMENTS_HOST"}
    assert "PAYMENTS_PORT" in said


def test_weak_secrets_are_refused_and_not_repeated() -> None:
    said = problems(PAYMENTS_JWT_SECRET="hunter2", PAYMENTS_CODE_PEPPER="change-me-" * 4)
    assert "hunter2" not in said
    assert "PAYMENTS_JWT_SECRET has 7 characters" in said
    assert "PAYMENTS_CODE_PEPPER looks made up" in said
    shared = PRODUCTION["PAYMENTS_JWT_SECRET"]
    assert "one thing only" in problems(PAYMENTS_SHOP_WEBHOOK_KEY=shared)
    assert "CALLBACK_SECRETS" in problems(PAYMENTS_SUPERPAY_CALLBACK_SECRETS=f"{'ab1' * 20},short")


def test_other_unsafe_things() -> None:
    assert "https" in problems(PAYMENTS_PUBLIC_URL="http://pay.example.com")
    assert "come together" in problems(PAYMENTS_ADMIN_LOGIN="admin")
    said = problems(PAYMENTS_ADMIN_LOGIN="admin", PAYMENTS_ADMIN_PASSWORD="short")
    assert "fewer than 12" in said
    assert "LOG_LEVEL" in problems(PAYMENTS_LOG_LEVEL="loud")


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file\n")
    settings = read_settings({"PAYMENTS_JWT_SECRET_FILE": str(tmp_path / "key")})
    assert settings.jwt_secret.reveal() == "from a file"
    with pytest.raises(BadSettings, match="PAYMENTS_JWT_SECRET"):
        read_settings({"PAYMENTS_JWT_SECRET_FILE": str(tmp_path / "none")})


def test_secrets_do_not_print() -> None:
    settings = Settings(database_url=Secret("postgresql://u:hunter2@h/d"))
    for text in (repr(settings), str(settings), f"{settings.database_url}"):
        assert "hunter2" not in text


def test_every_variable_is_described() -> None:
    assert len(VARIABLES) == len(Settings.__struct_fields__)
    assert all(DESCRIPTIONS[v] and "\n" not in DESCRIPTIONS[v] for v in VARIABLES)
