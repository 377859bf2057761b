"""Every page and every action of the console, for every role and for nobody."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from litestar import Litestar

from payments.entrypoints.api import create_app
from payments.http.auth import PUBLIC, declared_routes
from payments.http.hot import methods_of
from payments.http.openapi import declared
from payments.surfaces.console.access import ACT, ADMIN, CODE, CONSOLE, SCOPES_OF_ROLE, SELF, VIEW
from tests.fixtures.console import Console, Desk, Page
from tests.fixtures.platform import Platform

ID = "00000000-0000-7000-8000-000000000000"
ROLES = ("viewer", "operator", "admin")
LEAST = {
    CODE: ROLES,
    SELF: ROLES,
    VIEW: ROLES,
    ACT: ("operator", "admin"),
    ADMIN: ("admin",),
}
"""Which roles may do what needs a scope; written here a second time on purpose."""


def console_routes(app: Litestar) -> Iterator[tuple[str, str, str]]:
    """Method, path with a value for each parameter, and scope of every page and action."""
    for path, handler in declared_routes(app):
        access = declared(handler)
        if access.auth != CONSOLE:
            continue
        assert access.scope is not None, path
        where = re.sub(r"\{(wallet|action|letter)_id:str\}", "1", path)
        where = re.sub(r"\{\w+_id:str\}", ID, where).replace("{login:str}", "nobody")
        for method in methods_of(handler):
            yield method, where, access.scope


@pytest.fixture
def routes(platform: Platform) -> list[tuple[str, str, str]]:
    return list(console_routes(create_app(platform.settings)))


def test_every_scope_has_its_roles() -> None:
    for scope, roles in LEAST.items():
        assert {role for role, scopes in SCOPES_OF_ROLE.items() if scope in scopes} == set(roles)


async def test_each_role_gets_what_it_may_and_nothing_else(
    console: Console, routes: list[tuple[str, str, str]]
) -> None:
    desks = {role: await console.desk(f"{role}-1", role) for role in ROLES}
    assert len(routes) > 20
    for method, path, scope in routes:
        if path == "/console/logout":
            continue
        for role, desk in desks.items():
            status = await asked(desk, method, path)
            is_refused = status == 403
            assert is_refused == (role not in LEAST[scope]), (role, method, path, status)
            assert status < 500, (role, method, path, status)


async def asked(desk: Desk, method: str, path: str) -> int:
    """The status of a page, or of an action whose form has only the token."""
    page = await (desk.get(path) if method == "GET" else desk.post(path, follow=False))
    return page.status


async def test_nobody_gets_in(console: Console, routes: list[tuple[str, str, str]]) -> None:
    for method, path, _ in routes:
        for cookie in ("", "console=", "console=" + "x" * 43, "__Host-console=x"):
            answer = await console.http.request(method, path, headers={"cookie": cookie})
            assert answer.status_code == 401, (method, path)
            assert "Log in" in answer.text


async def test_no_action_is_taken_without_the_token_of_the_session(
    console: Console, routes: list[tuple[str, str, str]]
) -> None:
    admin, other = await console.desk("admin-1", "admin"), await console.desk("admin-2", "admin")
    tokens: tuple[dict[str, str], ...] = ({}, {"csrf": ""}, {"csrf": other.csrf})
    for method, path, _ in routes:
        if method == "GET":
            continue
        for fields in tokens:
            headers = {"cookie": f"console={admin.token}"}
            answer = await console.http.post(path, data=fields or {"x": "y"}, headers=headers)
            assert answer.status_code == 403, (path, fields, answer.status_code)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "null"},
    ],
)
async def test_another_site_posts_nothing(console: Console, headers: dict[str, str]) -> None:
    desk = await console.desk("anna")
    sent = {**headers, "cookie": f"console={desk.token}"}
    body = {"csrf": desk.csrf}
    assert (await console.http.post("/console/logout", data=body, headers=sent)).status_code == 403
    login: Any = {"login": "anna", "password": "x"}
    assert (
        await console.http.post("/console/login", data=login, headers=headers)
    ).status_code == 403
    assert (await desk.get("/console")).status == 200


async def test_every_answer_has_the_headers_of_security(
    console: Console, routes: list[tuple[str, str, str]]
) -> None:
    desk = await console.desk("admin-1", "admin")
    paths = [path for method, path, _ in routes if method == "GET"]
    for path in [*paths, "/console/login", "/console/link/x", "/console/assets/console.css"]:
        for answer in (await console.http.get(path), (await desk.get(path)).answer):
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy, path
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["x-frame-options"] == "DENY"
            if "assets" not in path:
                assert answer.headers["cache-control"] == "no-store"
            assert re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=", answer.text) is None, path
            assert re.search(r"(src|href|action)=\"https?:", answer.text) is None, path


async def test_an_unknown_page_and_a_bad_filter_are_pages_too(console: Console) -> None:
    desk = await console.desk("anna", "viewer")
    missing = await desk.get(f"/console/approvals/{ID}")
    assert (missing.status, "no such approval" in missing.text) == (404, True)
    wrong = await desk.get("/console/wallets?status=lost")
    assert wrong.status == 422
    assert wrong.answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("settings_overrides", [{"console": "off"}])
async def test_off_removes_it(client: httpx.AsyncClient) -> None:
    for path in ("/console", "/console/login", "/console/assets/console.css"):
        assert (await client.get(path)).status_code == 404


def test_pages_are_no_part_of_the_api(platform: Platform) -> None:
    for path, handler in declared_routes(create_app(platform.settings)):
        if path.startswith("/console"):
            assert declared(handler).auth in {CONSOLE, PUBLIC}
            assert not declared(handler).is_documented


@pytest.mark.parametrize("path", ["/console/wallet", "/console/wallets/1/2/3", "/console/x.css"])
async def test_a_mistyped_address_is_a_page(console: Console, path: str) -> None:
    """Also for somebody who is not logged in, and never a document for programs."""
    anna = await console.desk("anna")
    for page in (await anna.get(path), Page(await console.http.get(path))):
        assert page.status == 404
        assert page.answer.headers["content-type"].startswith("text/html")
        assert "There is no such page" in page.text
        assert "default-src 'none'" in page.answer.headers["content-security-policy"]


async def test_a_method_that_a_page_does_not_take_is_a_page(console: Console) -> None:
    answer = await console.http.put("/console/wallets")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert "Use the buttons of the console" in Page(answer).text


async def test_addresses_of_the_api_are_answered_as_ever(console: Console) -> None:
    answer = await console.http.get("/consoles")
    assert answer.json()["code"] == "not_found"
