"""The environment that `payments up` gives its children: servers, and secrets of the data
directory.
"""

import base64
import os
from collections.abc import Mapping
from typing import Final

from payments.embedded.servers import Servers

SECRETS: Final = (
    "PAYMENTS_JWT_SECRET",
    "PAYMENTS_CODE_PEPPER",
    "PAYMENTS_ADMIN_PASSWORD",
    "PAYMENTS_SHOP_WEBHOOK_KEY",
    "PAYMENTS_SUPERPAY_API_KEY",
    "PAYMENTS_WEBHOOK_ENCRYPTION_KEY",
)
"""Variables filled with a secret of this data directory unless the caller set them."""

WEBHOOK_SECRETS: Final = ("PAYMENTS_SUPERPAY_SIGNING_SECRET", "PAYMENTS_SUPERPAY_CALLBACK_SECRETS")
"""Secrets in the form of Standard Webhooks: `whsec_` and base64."""

ADMIN_LOGIN: Final = "admin"


def environment(servers: Servers, base: str, simulator_port: int) -> dict[str, str]:
    """Return the environment of every child: what the caller set, completed."""
    variables = {name: value for name, value in os.environ.items() if value}
    generated = {
        name: servers.data.secret(name) for name in SECRETS if not is_given(name, variables)
    }
    for name in (name for name in WEBHOOK_SECRETS if not is_given(name, variables)):
        generated[name] = "whsec_" + base64.b64encode(servers.data.secret(name).encode()).decode()
    return {
        "PAYMENTS_ENV": "development",
        "PAYMENTS_DATA_DIR": str(servers.data.path),
        "PAYMENTS_PUBLIC_URL": base,
        "PAYMENTS_ADMIN_LOGIN": ADMIN_LOGIN,
        "PAYMENTS_SUPERPAY_BASE_URL": f"http://127.0.0.1:{simulator_port}",
        # Shorter intervals than in production, for people trying things out.
        "PAYMENTS_SUPERPAY_POLL_S": "3,5,10,20,60,300",
        "PAYMENTS_SUPERPAY_RESEND_AFTER_S": "20",
        **generated,
        **variables,
        "PAYMENTS_DATABASE_URL": servers.database_url,
        "PAYMENTS_REDIS_URL": servers.redis_url,
        "PYTHONUNBUFFERED": "1",
    }


def is_given(name: str, variables: Mapping[str, str]) -> bool:
    """Tell whether the caller set a variable, or names a file with its value."""
    return name in variables or f"{name}_FILE" in variables
