"""Renders templates. Every value is escaped, an unknown name is an error, no script is inline."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import jinja2
from markupsafe import Markup

from payments.http.caught_up import is_stale
from payments.http.reply import Header, Reply
from payments.http.services import HttpRequest
from payments.kernel.ids import new_id
from payments.surfaces.console import assets
from payments.surfaces.console.access import ACT, ADMIN, Seat, may, seat_of
from payments.surfaces.console.cells import Amount, Cell, Id, Moment, State, Text, span
from payments.surfaces.console.headers import SECURITY
from payments.surfaces.console.menu import MENU
from payments.surfaces.console.places import href_of

HTML: Final = b"text/html; charset=utf-8"
_ENVIRONMENT: Final = jinja2.Environment(
    loader=jinja2.PackageLoader("payments.surfaces.console", "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


@jinja2.pass_context
def _cell(context: jinja2.runtime.Context, cell: Cell) -> Markup:
    return cell.html(context["now"])


@jinja2.pass_context
def _when(context: jinja2.runtime.Context, at: datetime | str | None) -> Markup:
    return Moment(at).html(context["now"])


@jinja2.pass_context
def _due(context: jinja2.runtime.Context, at: str) -> Markup:
    """A time to come; what is past is due now."""
    is_past = datetime.fromisoformat(at) <= context["now"]
    return Markup("due now") if is_past else Moment(at).html(context["now"])


@jinja2.pass_context
def _money(context: jinja2.runtime.Context, amount: str | None, currency: str) -> Markup:
    return Amount(amount, currency).html(context["now"])


@jinja2.pass_context
def _state(context: jinja2.runtime.Context, word: str, tone: str | None = None) -> Markup:
    return State(word, tone).html(context["now"])


@jinja2.pass_context
def _id(context: jinja2.runtime.Context, id_: Any, href: str | None = None) -> Markup:
    return Id(str(id_), href).html(context["now"])


def _account(address: str) -> Markup:
    """An account of a posting; a wallet leads to its page."""
    kind, _, number = address.partition(":")
    return Text(address, href_of(kind, number)).html_alone()


def _raw(value: bytes) -> str:
    """JSON as it was sent."""
    return bytes(value).decode()


_ENVIRONMENT.filters.update(
    account=_account,
    cell=_cell,
    due=_due,
    id=_id,
    money=_money,
    raw=_raw,
    span=span,
    state=_state,
    when=_when,
)
_ENVIRONMENT.globals.update(new_key=new_id, version=assets.VERSION)


def page(
    request: HttpRequest, template: str, status: int = 200, /, *, at: str = "", **values: Any
) -> Reply:
    """A page for an operator who is logged in; `at`: the entry of the menu it belongs to."""
    seat = seat_of(request)
    context = {
        "seat": seat,
        "operator": seat.operator,
        "csrf": seat.csrf,
        "now": seat.now,
        "may_act": may(request, ACT),
        "may_admin": may(request, ADMIN),
        "is_stale": is_stale(request),
        "menu": MENU,
        "at": at,
        **values,
    }
    return html(status, template, context)


def open_page(template: str, status: int, values: Mapping[str, Any]) -> Reply:
    """A page for somebody who is not logged in."""
    return html(status, template, {"seat": None, "at": "", **values})


def html(
    status: int, template: str, context: Mapping[str, Any], headers: Iterable[Header] = ()
) -> Reply:
    """The rendered template with the headers of security."""
    text = _ENVIRONMENT.get_template(template).render(context)
    return Reply(status, text.encode(), (*SECURITY, *headers), HTML)


def see_other(location: str, headers: Iterable[Header] = ()) -> Reply:
    """Go to a page after a form; the location is a path of ours."""
    return Reply(303, b"", (*SECURITY, (b"location", location.encode("ascii")), *headers), HTML)


def is_logged_in(request: HttpRequest) -> bool:
    """True when the guard has found a session."""
    return isinstance(getattr(request.scope.get("user"), "subject", None), Seat)
