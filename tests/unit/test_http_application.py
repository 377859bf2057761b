"""The whole application: every route of every surface says who may call it."""

import pytest
from litestar import Litestar

from payments.entrypoints.api import create_app
from payments.entrypoints.settings import Secret, Settings
from payments.http.auth import API_KEY, PUBLIC, declared_routes
from payments.http.hot import methods_of
from payments.http.openapi import declared, document_of
from payments.http.scopes import SCOPES

OPEN = {
    *("/health/live", "/health/ready", "/metrics"),
    *("/schema", "/schema/openapi.json", "/schema/assets/{name:str}"),
}
"""Open to everybody in every profile; a surface's own open routes are under `OPEN_UNDER`."""

OPEN_UNDER = ("/shop/", "/payment/", "/v1/superpay/", "/console")
"""Where outsiders sign in, or sign what they send: their handlers check it."""


@pytest.fixture
def app() -> Litestar:
    nowhere = Secret("postgresql://nobody@127.0.0.1:1/none"), Secret("redis://127.0.0.1:1/0")
    return create_app(Settings(database_url=nowhere[0], redis_url=nowhere[1]))


def test_what_is_public_is_named_here(app: Litestar) -> None:
    public = {path for path, handler in declared_routes(app) if declared(handler).auth == PUBLIC}
    assert {path for path in public if not path.startswith(OPEN_UNDER)} == OPEN


def test_scopes_are_those_that_keys_can_have(app: Litestar) -> None:
    for path, handler in declared_routes(app):
        if declared(handler).auth == API_KEY:
            assert declared(handler).scope in SCOPES, path


def test_each_method_of_a_path_is_there_once(app: Litestar) -> None:
    found = [(p, m) for p, handler in declared_routes(app) for m in methods_of(handler)]
    assert len(found) == len(set(found))


def test_the_document_covers_every_route(app: Litestar) -> None:
    document = document_of(app)
    operations = [o for path in document["paths"].values() for o in path.values()]
    documented = [h for _, h in declared_routes(app) if declared(h).is_documented]
    assert len(operations) == sum(len(methods_of(h)) for h in documented)
    schemes = {name for o in operations for security in o["security"] for name in security}
    assert schemes <= set(document["components"]["securitySchemes"])
