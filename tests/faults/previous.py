"""The previous release, out of the history of the repository, as processes beside this one."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

from tests.architecture.sources import ROOT

RELEASE = "279c18bdfeb3d9978d6b77ee9c82227cb63ceb65"
"""0.1.0. A clone must have its history: `git fetch --unshallow`."""
FOLDERS = ("payments", "streams", "scheduler", "migrations")
_SCRIPT = Path(__file__).with_name("of_0_1_0.py")


def unpack(home: Path) -> None:
    """Its code, in a folder of its own."""
    done = subprocess.run(
        ["git", "-C", str(ROOT), "archive", RELEASE, *FOLDERS],  # noqa: S607 - git as the developer has it
        capture_output=True,
        check=True,
    )
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(home, filter="data")


class OldProcess:
    """One of its processes."""

    def __init__(self, home: Path, what: str, database_url: str, redis_url: str) -> None:
        """Started at once."""
        self._out = home / f"{what}.out"
        with self._out.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, str(_SCRIPT), what, database_url, redis_url],
                env={**os.environ, "PYTHONPATH": str(home)},
                cwd=home,
                stdout=out,
            )

    @property
    def accepted(self) -> list[str]:
        """Ids of the operations that it was told are accepted."""
        lines = self._out.read_text().splitlines(keepends=True)
        whole = (line.split() for line in lines if line.endswith("\n"))
        return [words[1] for words in whole if words[:1] == ["accepted"]]

    @property
    def is_alive(self) -> bool:
        """True while it runs."""
        return self._process.poll() is None

    async def ended(self) -> int:
        """Wait for its end by itself; the exit code."""
        return await asyncio.to_thread(self._process.wait, 60)

    async def stop(self) -> int:
        """SIGTERM, and wait; the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return await self.ended()

    def kill(self) -> None:
        """SIGKILL, and wait."""
        self._process.kill()
        self._process.wait()
