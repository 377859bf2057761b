"""clients/python/README.md: its blocks run in their order against the product, and print what they
say.
"""

import asyncio
import contextlib
import io
import re
from pathlib import Path
from typing import Any, Final

from tests.fixtures.invariants import assert_invariants
from tests.fixtures.live import Live

README: Final = Path(__file__).parents[2] / "clients/python/README.md"
BLOCK: Final = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SAYS: Final = re.compile(r"^ *print\(.*\)  # (.+)$", re.MULTILINE)


def adapted(block: str, live: Live) -> str:
    key = live.key["Authorization"].removeprefix("Bearer ")
    return block.replace("http://127.0.0.1:8000", live.url).replace("pk_dev_your_key", key)


def test_every_block_prints_what_it_says(live: Live) -> None:
    blocks = BLOCK.findall(README.read_text(encoding="utf-8"))
    assert len(blocks) > 10
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(adapted(block, live), "README", "exec"), names)  # noqa: S102
        for line in SAYS.findall(block):
            assert line in printed.getvalue().splitlines(), block
    live.stop()
    urls = live.settings.database_url.reveal(), live.settings.redis_url.reveal()
    asyncio.run(assert_invariants(*urls))
