"""Operators in the console: inviting, roles, resets, ending sessions, the second factor."""

import re

from payments.kernel.clock import utc_now
from payments.operators.second_factor import STEP_S, code_at
from payments.operators.token import csrf_token
from tests.fixtures.console import PASSWORD, Console, Desk
from tests.fixtures.platform import Platform
from tests.flows.test_console_login import active, log_in


async def test_an_administrator_invites_and_the_link_is_shown_once(console: Console) -> None:
    root = await console.desk("root", "admin")
    invited = await root.post(
        "/console/operators", login="Olga", role="operator", second_factor="true"
    )
    assert invited.status == 200, invited.text
    link = re.search(r"/console/link/[\w-]+", invited.html)
    assert link is not None
    assert (await console.http.get(link[0])).status_code == 200
    page = await root.get("/console/operators/olga")
    assert ("/console/link/" in page.html, "invited" in page.text) == (False, True)
    assert "off, required" in page.text
    again = await root.post("/console/operators", login="olga", role="viewer")
    assert (again.status, "is taken" in again.text) == (409, True)
    for login in ("", "Ольга", "a b", "x" * 65, "../x"):
        bad = await root.post("/console/operators", login=login, role="viewer")
        assert bad.status == 422, login


async def test_a_role_changes_what_one_may_do_at_once(console: Console) -> None:
    root, anna = await console.desk("root", "admin"), await console.desk("anna", "viewer")
    assert (await anna.post("/console/operators", login="x", role="viewer")).status == 403
    await root.post("/console/operators/anna/role", role="admin")
    assert (await anna.post("/console/operators", login="x", role="viewer")).status == 200
    await root.post("/console/operators/anna/role", role="viewer")
    assert (await anna.post("/console/operators", login="y", role="viewer")).status == 403


async def test_the_last_administrator_stays(console: Console) -> None:
    root = await console.desk("root", "admin")
    for path, fields in (("role", {"role": "viewer"}), ("disable", {})):
        kept = await root.post(f"/console/operators/root/{path}", **fields)
        assert (kept.status, "last active administrator" in kept.text) == (409, True)
    await console.desk("other", "admin")
    assert (await root.post("/console/operators/root/disable")).status == 401, "logged out"


async def test_sessions_end_when_an_administrator_says_so(console: Console) -> None:
    root = await console.desk("root", "admin")
    for path in ("end-sessions", "disable", "reset"):
        login = f"anna-{path}"
        anna = await console.desk(login)
        assert (await anna.get("/console")).status == 200
        done = await root.post(f"/console/operators/{login}/{path}")
        assert done.status == 200, done.text
        assert (await anna.get("/console")).status == 401, path


async def test_a_second_factor_is_asked_for_and_a_code_works_once(
    console: Console, platform: Platform
) -> None:
    await active(console)
    anna = await console.seat("anna")
    page = await anna.get("/console/account/second-factor")
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page.html)
    sealed = re.search(r'name="sealed" value="([^"]+)"', page.html)
    assert secret is not None
    assert sealed is not None

    def code(steps: int = 0) -> str:
        return code_at(secret[1], int(utc_now().timestamp()) // STEP_S + steps)

    form = {"sealed": sealed[1], "code": code(), "password": PASSWORD}
    for wrong in ({"code": "000000"}, {"password": "x"}, {"sealed": "x" * 40}):
        refused = await anna.post("/console/account/second-factor", **{**form, **wrong})
        assert refused.status == 422, wrong
    shown = await anna.post("/console/account/second-factor", **form)
    codes = re.findall(r"<code>([0-9a-f]{5}-[0-9a-f]{5})</code>", shown.html)
    assert len(codes) == 10
    stored = await platform.value("SELECT totp_sealed FROM operators WHERE login = 'anna'")
    assert secret[1].encode() not in stored
    used = [code(), code(1), codes[0]]
    for number, given in enumerate([code(1), *used, codes[0], "0"]):
        desk = await half_way(console)
        assert (await desk.get("/console/wallets")).status == 403, "the password is not enough"
        answered = await desk.post("/console/code", follow=False, code=given)
        expected = 303 if number in {0, 3} else 401
        assert answered.status == expected, (number, given)
        assert (await desk.get("/console")).status == (200 if expected == 303 else 403)


async def half_way(console: Console) -> Desk:
    """Anna after the password, before the code."""
    answer = await log_in(console.http, "anna", PASSWORD)
    token = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
    assert len(csrf_token(token)) == 64
    return Desk(console.http, "anna", token)


async def test_who_must_use_a_second_factor_can_only_set_it_up(console: Console) -> None:
    root, anna = await console.desk("root", "admin"), await console.desk("anna")
    await root.post("/console/operators/anna/second-factor", is_required="true")
    stopped = await anna.get("/console")
    assert (stopped.status, "requires a second factor" in stopped.text) == (403, True)
    assert (await anna.get("/console/account/second-factor")).status == 200
    await root.post("/console/operators/anna/second-factor", is_required="false")
    assert (await anna.get("/console")).status == 200
