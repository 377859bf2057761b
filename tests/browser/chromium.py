"""Finds the Chromium that the browser tests drive; `python -m tests.browser.chromium` installs it.

Nothing is fetched but the package of the distribution, and that only by root where apt is.
"""

import os
import shutil
import subprocess
import sys
from typing import Final

VARIABLE: Final = "PAYMENTS_TEST_CHROMIUM"
NAMES: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_ADVICE: Final = f"""The browser tests need Chromium, and none was found.
  Debian, Ubuntu:  sudo apt-get install chromium
  elsewhere:       install Chromium or Chrome, or say where it is: {VARIABLE}=/path/to/chromium
"""
_INSTALL: Final = (
    ("apt-get", "update", "-qq"),
    ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"),
)


def find() -> str | None:
    """The path of the browser, or None."""
    named = os.environ.get(VARIABLE)
    if named:
        return named
    paths = (shutil.which(name) for name in NAMES)
    return next((path for path in paths if path is not None), None)


def main() -> int:
    """Install Chromium by apt where that may be done; else say what to do."""
    if find() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        sys.stderr.write("installing Chromium by apt\n")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in _INSTALL:
            subprocess.run(command, env=environment, stdout=sys.stderr, check=False)
    found = find()
    if found is None:
        sys.stderr.write(_ADVICE)
        return 1
    sys.stderr.write(f"browser: {found}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
