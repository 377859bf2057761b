"""Secrets of the demonstration of docker-compose.yml: made once, into files that its services read.

`python -m payments_tools.demo.compose_secrets FOLDER`. What is there already stays.
"""

import base64
import os
import sys
from pathlib import Path
from typing import Final

from payments.kernel.ids import new_secret

PLAIN: Final = (
    "postgres_password",
    "redis_password",
    "jwt_secret",
    "code_pepper",
    "shop_webhook_key",
    "webhook_encryption_key",
    "superpay_api_key",
    "admin_password",
)
STANDARD_WEBHOOKS: Final = ("superpay_signing_secret", "superpay_callback_secrets")
READ_BY_ALL: Final = 0o444
"""The services have different users; the volume belongs to this demonstration alone."""


def write_secrets(folder: Path) -> None:
    """Make the missing ones, and the two addresses that contain a password."""
    for name in PLAIN:
        _write(folder / name, new_secret())
    for name in STANDARD_WEBHOOKS:
        _write(folder / name, "whsec_" + base64.b64encode(os.urandom(32)).decode())
    postgres, redis = ((folder / f"{name}_password").read_text() for name in ("postgres", "redis"))
    _write(folder / "database_url", f"postgresql://payments:{postgres}@postgres:5432/payments")
    _write(folder / "redis_url", f"redis://:{redis}@redis:6379/0")


def _write(file: Path, text: str) -> None:
    """Written beside it and renamed: nobody reads half a secret."""
    if file.exists():
        return
    part = file.with_suffix(".part")
    part.write_text(text)
    part.chmod(READ_BY_ALL)
    part.rename(file)


if __name__ == "__main__":
    write_secrets(Path(sys.argv[1]))
