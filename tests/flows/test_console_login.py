"""Logging in to the console: links, passwords, sessions, cookies, throttling."""

from typing import Any

import httpx
import pytest

from payments.kernel.clock import utc_now
from payments.operators.action import COMMAND_LINE
from payments.operators.writes import set_disabled
from tests.fixtures.console import PASSWORD, Console, Page
from tests.fixtures.platform import Platform


async def log_in(http: httpx.AsyncClient, login: str, password: str, **more: str) -> httpx.Response:
    """Post the form to log in."""
    return await http.post("/console/login", data={"login": login, "password": password, **more})


async def active(console: Console, login: str = "anna", role: str = "operator") -> None:
    """An operator who has used the link."""
    link = await console.invite(login, role)
    body = {"password": PASSWORD, "again": PASSWORD}
    answer = await console.http.post(f"/console/link/{link}", data=body)
    assert answer.status_code == 200, answer.text


async def test_a_link_sets_a_password_once(console: Console) -> None:
    link = await console.invite("anna")
    shown = await console.http.get(f"/console/link/{link}")
    assert (shown.status_code, "anna" in shown.text) == (200, True)
    body = {"password": PASSWORD, "again": PASSWORD}
    assert (await console.http.post(f"/console/link/{link}", data=body)).status_code == 200
    again = await console.http.post(f"/console/link/{link}", data=body)
    assert again.status_code == 404
    assert "Ask an administrator for a new one" in again.text


async def test_a_password_is_long_and_typed_twice_alike(console: Console) -> None:
    link = await console.invite("anna")
    for password, again in (("short", "short"), (PASSWORD, PASSWORD + "x"), ("", "")):
        body = {"password": password, "again": again}
        answer = await console.http.post(f"/console/link/{link}", data=body)
        assert answer.status_code == 422, password
    assert (await console.http.get(f"/console/link/{link}")).status_code == 200, "not used up"


async def test_logging_in_sets_a_cookie_that_opens_the_console(
    console: Console, platform: Platform
) -> None:
    await active(console)
    answer = await log_in(console.http, "Anna", PASSWORD, next="/console/wallets?owner=a")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/wallets?owner=a")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    token = cookie.partition("=")[2].partition(";")[0]
    page = await console.http.get("/console", headers={"cookie": f"console={token}"})
    assert page.status_code == 200
    stored = await platform.value("SELECT digest FROM operator_sessions")
    assert token.encode() not in stored, "only its hash is stored"


async def test_a_stranger_gets_the_form_and_comes_back_to_the_page(console: Console) -> None:
    answer = await console.http.get("/console/wallets?owner=a&currency=RUB")
    assert answer.status_code == 401
    assert 'name="next" value="/console/wallets?owner=a&amp;currency=RUB"' in answer.text
    for next_ in ("https://evil.example/", "//evil.example", "/\\evil.example", "/console\n/x"):
        await active(console, f"x{abs(hash(next_))}")
        went = await log_in(console.http, f"x{abs(hash(next_))}", PASSWORD, next=next_)
        assert went.headers.get("location") == "/console", next_


async def test_a_wrong_password_an_unknown_login_and_a_disabled_one_look_the_same(
    console: Console, platform: Platform
) -> None:
    await active(console)
    await active(console, "gone")
    await active(console, "boss", "admin")
    await set_disabled(platform.engine, "gone", is_disabled=True, by=COMMAND_LINE, now=utc_now())
    pages = [
        Page(await log_in(console.http, login, password))
        for login, password in (("anna", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD))
    ]
    assert [page.status for page in pages] == [401] * 3
    assert len({page.text for page in pages}) == 1


async def test_logins_are_throttled(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payments.users.writes.WINDOW_S", 10**9)  # no minute ends in between
    statuses = [(await log_in(console.http, "anna", "wrong")).status_code for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2


async def test_changing_the_password_ends_every_session(console: Console) -> None:
    await active(console)
    first, second = await console.seat("anna"), await console.seat("anna")
    new = "another long password"
    fields: dict[str, Any] = {"old_password": PASSWORD, "password": new, "password_again": new}
    wrong = await first.post("/console/account/password", **{**fields, "old_password": "no"})
    assert (wrong.status, (await second.get("/console")).status) == (422, 200)
    changed = await first.post("/console/account/password", **fields)
    assert changed.status == 200, changed.text
    assert [(await desk.get("/console")).status for desk in (first, second)] == [401, 401]
    assert (await log_in(console.http, "anna", new)).status_code == 303


async def test_logging_out_ends_the_session(console: Console) -> None:
    desk = await console.desk("anna")
    left = await desk.post("/console/logout", follow=False)
    assert left.status == 303
    assert "Max-Age=0" in left.answer.headers["set-cookie"]
    assert (await desk.get("/console")).status == 401


async def test_an_idle_session_and_an_old_one_are_over(
    console: Console, platform: Platform
) -> None:
    desk = await console.desk("anna")
    for change in ("seen_at = now() - interval '3 hours'", "expires_at = now()"):
        async with platform.connection() as connection:
            await connection.execute(f"UPDATE operator_sessions SET {change}")
        assert (await desk.get("/console")).status == 401
        async with platform.connection() as connection:
            await connection.execute(
                "UPDATE operator_sessions SET seen_at = now(), expires_at = now() + interval '1 h'"
            )
        assert (await desk.get("/console")).status == 200
