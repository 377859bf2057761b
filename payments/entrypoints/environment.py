"""Reads the environment and reports all problems at once."""

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, get_type_hints
from urllib.parse import urlsplit

import msgspec

from payments.entrypoints.settings import BadSettings, Secret, Settings, variable
from payments.kernel.database_url import canonical
from streams.addresses import check_url

SECRET_MIN: Final = 32
"""Minimal length of a production secret, about 160 bits, out of reach of offline guessing."""
_REQUIRED_SECRETS: Final = (
    "jwt_secret",
    "code_pepper",
    "walletservice_api_key",
    "shop_webhook_key",
    "bank_webhook_secret",
    "superpay_api_key",
    "superpay_signing_secret",
    "superpay_callback_secrets",
    "webhook_encryption_key",
)
_TWO_LIVE: Final = (
    "superpay_callback_secrets",
    "shop_webhook_key",
    "bank_webhook_secret",
    "webhook_encryption_key",
)
"""Comma separated: the old and the new secret during a rotation."""
_LIVE_MAX: Final = 2
_CHOICES: Final = {
    "log_level": ("debug", "info", "warning", "error"),
    "log_requests": ("errors", "all"),
    "shop_webhook_sha1": ("on", "off"),
    "events": ("on", "off"),
    "console": ("on", "off"),
    "redis_durability": ("checked", "attested"),
}
_UNSAFE: Final = re.compile(r"change.?me|example|password|development|(.)\1{7}", re.IGNORECASE)


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in the environment. Raises `BadSettings` with all problems."""
    variables = os.environ if environ is None else environ
    types = get_type_hints(Settings, include_extras=True)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in Settings.__struct_fields__:
        try:
            text = _text(variables, variable(field))
            if text:
                values[field] = msgspec.convert(text, types[field], strict=False, dec_hook=_decode)
        except (msgspec.ValidationError, OSError, ValueError) as error:
            problems.append(f"{variable(field)}: {error}")
    settings = Settings(**values)
    problems += _problems(settings)
    if problems:
        raise BadSettings(problems)
    return settings


def _text(variables: Mapping[str, str], name: str) -> str:
    path = variables.get(f"{name}_FILE")
    return (
        Path(path).read_text(encoding="utf-8").strip() if path else variables.get(name, "").strip()
    )


def _decode(type_: type[Any], value: Any) -> Any:
    if type_ in {Secret, Path}:
        return type_(value)
    raise NotImplementedError(type_)


def _problems(settings: Settings) -> list[str]:
    problems = [
        f"{variable(field)} is one of {', '.join(choices)}"
        for field, choices in _CHOICES.items()
        if getattr(settings, field) not in choices
    ]
    problems += _address_problems(settings)
    problems += (
        _production_problems(settings)
        if settings.is_production
        else _development_problems(settings)
    )
    return problems


def _address_problems(settings: Settings) -> list[str]:
    """Invalid addresses; the messages never contain the value, which has a password in it."""
    problems = []
    if settings.redis_url:
        try:
            check_url(settings.redis_url.reveal())
        except ValueError as error:
            problems.append(f"{variable('redis_url')}: {error}")
    for field in ("database_url", "database_read_url"):
        url = getattr(settings, field).reveal()
        try:
            if url:
                canonical(url)
        except ValueError as error:
            problems.append(f"{variable(field)}: {error}")
    return problems


def _development_problems(settings: Settings) -> list[str]:
    reached = settings.published_host or settings.host
    if is_loopback(reached):
        return []
    return [f"{reached}: development serves open surfaces, on loopback only (PAYMENTS_HOST)"]


def _production_problems(settings: Settings) -> list[str]:
    problems = [p for field in _REQUIRED_SECRETS for p in _secret_problems(settings, field)]
    problems += [
        f"{variable(f)} is required"
        for f in ("database_url", "redis_url", "smtp_url")
        if not getattr(settings, f)
    ]
    problems += [
        f"{variable(f)} is required"
        for f in ("public_url", "superpay_base_url")
        if not getattr(settings, f)
    ]
    if urlsplit(settings.public_url).scheme == "http" and not is_loopback(
        urlsplit(settings.public_url).hostname or ""
    ):
        problems.append("PAYMENTS_PUBLIC_URL must be https")
    if bool(settings.admin_login) != bool(settings.admin_password):
        problems.append(
            "PAYMENTS_ADMIN_LOGIN and PAYMENTS_ADMIN_PASSWORD come together, or not at all"
        )
    if settings.admin_password and len(settings.admin_password.reveal()) < 12:  # noqa: PLR2004 - the length people can still type
        problems.append("PAYMENTS_ADMIN_PASSWORD has fewer than 12 characters")
    shared = [variable(f) for f in _REQUIRED_SECRETS if _is_shared(settings, f)]
    if shared:
        problems.append(
            f"each secret is used for one thing only; the same value is in {', '.join(shared)}"
        )
    return problems


def _secret_problems(settings: Settings, field: str) -> list[str]:
    value = getattr(settings, field).reveal()
    if not value:
        return [f"{variable(field)} is required in production"]
    problems = []
    parts = value.split(",") if field in _TWO_LIVE else [value]
    if len(parts) > _LIVE_MAX:
        problems.append(
            f"{variable(field)} names {len(parts)}; at most {_LIVE_MAX} are live at once"
        )
    for part in map(str.strip, parts):
        if len(part) < SECRET_MIN:
            problems.append(
                f"{variable(field)} has {len(part)} characters; at least {SECRET_MIN} are needed"
            )
        elif _UNSAFE.search(part):
            problems.append(f"{variable(field)} looks made up; make one with: {_recipe(field)}")
    return problems


def _recipe(field: str) -> str:
    if field in {"superpay_signing_secret", "superpay_callback_secrets"}:
        return "echo whsec_$(openssl rand -base64 32)"
    return "openssl rand -hex 32"


def _is_shared(settings: Settings, field: str) -> bool:
    parts = _parts(settings, field)
    others = (_parts(settings, f) for f in _REQUIRED_SECRETS if f != field)
    return any(parts & other for other in others)


def _parts(settings: Settings, field: str) -> set[str]:
    value = getattr(settings, field).reveal()
    parts = value.split(",") if field in _TWO_LIVE else [value]
    return {stripped for part in parts if (stripped := part.strip())}


def is_loopback(host: str) -> bool:
    """True for an address that only this machine can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
