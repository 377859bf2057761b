"""The HTTP baseline: the row-at-a-time transfer behind a POST, in its own process.

python -m payments_tools.bench.baseline_http <database url> <port>
"""

import sys
from typing import Any, Final

import msgspec
import uvicorn
from litestar import Litestar, Request, Response, get, post
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from payments.kernel.database import create_engine
from payments_tools.bench import baseline

CREATED: Final = 201


class Body(msgspec.Struct):
    """A transfer as the bench sends it; the amount is in minor units."""

    source: int
    destination: int
    amount: int


def create_app(database_url: str) -> Litestar:
    """One route, no authentication, no idempotency: less than the product does."""
    engine = create_engine(database_url, pool_size=baseline.CONNECTIONS)
    sessions: async_sessionmaker[AsyncSession] = async_sessionmaker(engine, expire_on_commit=False)

    @get("/health/ready")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    @post("/transfers")
    async def transfer(request: Request[Any, Any, Any]) -> Response[bytes]:
        body = msgspec.json.decode(await request.body(), type=Body)
        await baseline.transfer(sessions, body.source, body.destination, body.amount)
        return Response(b"{}", status_code=CREATED, media_type="application/json")

    return Litestar([ready, transfer], openapi_config=None, on_shutdown=[engine.dispose])


def main() -> None:
    """Serve until ended."""
    database_url, port = sys.argv[1], int(sys.argv[2])
    uvicorn.run(
        create_app(database_url),
        port=port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
