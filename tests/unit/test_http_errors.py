"""Problem documents: one shape, whatever went wrong, and nothing of what is inside."""

from typing import Any

import pytest
import sqlalchemy.exc
from litestar import Router, get
from litestar.exceptions import HTTPException

from payments.http.access import Access
from payments.http.auth import PUBLIC
from payments.http.reply import Reply
from payments.kernel import errors
from payments.kernel.errors import PaymentsError, Unavailable, UnknownFate
from tests.unit.http_app import Api

BODY = {"source_wallet_id": 1, "destination_wallet_id": 2, "amount": "1", "currency": "RUB"}
MEMBERS = {"type", "title", "status", "detail", "instance", "code", "retryable"}


async def raised(error: Exception) -> Any:
    @get("/boom", access=Access(PUBLIC))
    async def boom() -> Reply:
        raise error

    return await Api(Router("/", route_handlers=[boom])).http.get("/boom")


KNOWN = [v for v in vars(errors).values() if isinstance(v, type) and issubclass(v, PaymentsError)]


@pytest.mark.parametrize("error", KNOWN)
async def test_our_errors_have_their_status_and_code(error: type[PaymentsError]) -> None:
    answer = await raised(error("said"))
    assert answer.status_code == error.status
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) >= MEMBERS
    assert (answer.json()["code"], answer.json()["detail"]) == (error.code, "said")
    assert answer.json()["instance"] == "/boom"
    assert ("retry-after" in answer.headers) == (error.retry_after_s is not None)


async def test_extra_members_join_but_do_not_replace() -> None:
    answer = await raised(errors.Conflict("x", tries_left=3, errors=[{"field": "a"}]))
    assert (answer.json()["tries_left"], answer.json()["errors"]) == (3, [{"field": "a"}])
    answer = await raised(errors.Conflict("x", status=200, title="fine"))
    assert (answer.json()["status"], answer.json()["title"]) == (409, "Conflict")


@pytest.mark.parametrize(
    "error", [ValueError("secret"), KeyError("secret"), AssertionError("secret")]
)
async def test_what_nobody_expected_says_nothing(error: Exception) -> None:
    answer = await raised(error)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("error", [RecursionError(), UnicodeDecodeError("utf-8", b"", 0, 1, "x")])
async def test_what_a_body_can_provoke_is_400(error: Exception) -> None:
    assert (await raised(error)).status_code == 400


@pytest.mark.parametrize(
    "error", [ConnectionRefusedError(), TimeoutError(), sqlalchemy.exc.TimeoutError()]
)
async def test_without_the_database_is_503(error: Exception) -> None:
    answer = await raised(error)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "1"


async def test_the_frameworks_errors_look_the_same() -> None:
    answer = await raised(HTTPException(status_code=418, detail="teapot"))
    assert (answer.status_code, answer.json()["detail"]) == (418, "teapot")
    answer = await raised(HTTPException(status_code=500, detail="secret"))
    assert "secret" not in answer.text


async def test_unknown_paths_and_methods() -> None:
    api = Api()
    answer = await api.http.get("/v2")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    answer = await api.http.delete("/v1/wallets/")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, POST"


async def test_nothing_accepted_is_503_and_unknown_fate_names_the_operation() -> None:
    api = Api()
    api.door.closed = Unavailable("full", code="backlog_full")
    answer = await api.http.post("/v1/transfers", json=BODY)
    assert (answer.status_code, answer.json()["code"]) == (503, "backlog_full")
    assert answer.json()["retryable"] is True
    assert answer.headers["retry-after"] == "1"
    api.door.closed = UnknownFate(operation_id="some-id")
    answer = await api.http.post("/v1/transfers", json=BODY)
    assert (answer.json()["code"], answer.json()["operation_id"]) == (
        "acceptance_unknown",
        "some-id",
    )


async def test_a_bulk_that_is_not_accepted_is_answered_like_any_request() -> None:
    """Its items have no status of their own: a 202 would say that they were accepted."""
    api = Api()
    body = {"operations": [{"kind": "transfer", **BODY}, {"kind": "no such kind"}]}
    api.door.closed = Unavailable("full", code="backlog_full")
    answer = await api.http.post("/v1/operations/bulk", json=body)
    assert (answer.status_code, answer.json()["code"]) == (503, "backlog_full")
    assert (answer.json()["retryable"], answer.headers["retry-after"]) == (True, "1")
    api.door.closed = UnknownFate(operation_id="some-id")
    answer = await api.http.post("/v1/operations/bulk", json=body, headers={"prefer": "wait=5"})
    assert (answer.status_code, answer.json()["code"]) == (503, "acceptance_unknown")
    assert answer.json()["operation_id"] == "some-id"
