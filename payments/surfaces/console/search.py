"""One box for everything, and the page of an operation, which other pages lead to."""

from typing import Annotated, Final

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.operation_status import OperationNotFound, standing
from payments.http.operations import Refusals
from payments.http.query import Query, read_query
from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.kernel.ids import parse_id
from payments.search.queries import TEXT_MAX, Hit, search
from payments.surfaces.console.access import page_access
from payments.surfaces.console.acting import outcome_of
from payments.surfaces.console.places import href_of
from payments.surfaces.console.render import page, see_other

PATH: Final = "/console/search"


class SearchQuery(Query, frozen=True, kw_only=True):
    """What somebody has in hand."""

    q: Annotated[str, msgspec.Meta(max_length=TEXT_MAX)] = ""


@get(PATH, access=page_access())
async def find(request: HttpRequest, engine: NamedDependency[AsyncEngine]) -> Reply:
    """What has this name; a single thing is shown at once."""
    query = read_query(request, SearchQuery, is_form=True)
    hits = await search(engine, query.q)
    places = {(hit.kind, hit.id) for hit in hits if hit.kind != "operation"} or {
        (hit.kind, hit.id) for hit in hits
    }
    only = next(iter(places)) if len(places) == 1 else None
    where = None if only is None else href_of(*only)
    if where is not None:
        return see_other(where)
    return page(request, "search.html", at=PATH, q=query.q, hits=hits, href_of=_href)


def _href(hit: Hit) -> str | None:
    return href_of(hit.kind, hit.id)


@get("/console/operations/{operation_id:str}", access=page_access())
async def show_operation(
    request: HttpRequest,
    operation_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    refusals: NamedDependency[Refusals],
) -> Reply:
    """Where an operation stands, whoever asked for it, and what it is about."""
    id_ = parse_id(operation_id)
    known = None if id_ is None else await standing(request, id_)
    if id_ is None or known is None:
        raise OperationNotFound
    actor, operation = known
    return page(
        request,
        "operation.html",
        at=PATH,
        actor=actor,
        operation=operation,
        result={n: msgspec.json.decode(v) for n, v in (operation.result or {}).items()},
        done=await outcome_of(request, refusals, id_),
        hits=[hit for hit in await search(engine, str(id_)) if hit.kind != "operation"],
        href_of=_href,
    )


HANDLERS: Final = (find, show_operation)
