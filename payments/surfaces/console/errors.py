"""Every error in the console as a page: what went wrong, and what to do next."""

from typing import Any, Final
from urllib.parse import quote

from payments.http.cycle import REQUEST_ID
from payments.http.errors import CODES, render_error
from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.kernel.errors import NotAllowed, PaymentsError
from payments.surfaces.console.access import LoginNeeded, seat_of
from payments.surfaces.console.render import html, is_logged_in, open_page, page

_SERVER: Final = 500
_KEPT: Final = frozenset({b"allow", b"retry-after"})
_DETAILS: Final = {
    404: "There is no such page. Check the address, or begin at the console.",
    405: "This page does not take that kind of request. Use the buttons of the console.",
}
"""What to do where no route answered."""


def render_page_error(request: HttpRequest, error: Exception) -> Reply:
    """The exception handler of the console's router."""
    if isinstance(error, LoginNeeded):
        return login_page(request, 401)
    problem = render_error(request, error)
    if isinstance(error, NotAllowed) and is_logged_in(request) and _needs_step(request):
        return _step(request)
    status = problem.status_code
    values: dict[str, Any] = {
        "status": status,
        "title": "Something went wrong" if status >= _SERVER else "That did not work",
        "code": getattr(error, "code", CODES.get(status, "internal_error")),
        "detail": error.detail if isinstance(error, PaymentsError) else _DETAILS.get(status, ""),
        "request_id": request.scope.get(REQUEST_ID, ""),
    }
    reply = (
        page(request, "error.html", status, **values)
        if is_logged_in(request)
        else open_page("error_open.html", status, values)
    )
    reply.raw_headers += [one for one in problem.raw_headers if one[0] in _KEPT]
    return reply


def login_page(
    request: HttpRequest, status: int, message: str = "", *, login: str = "", next_: str = ""
) -> Reply:
    """The form to log in; after it the browser goes on to the page that was asked for."""
    path = quote(request.scope["path"])
    query = request.scope["query_string"].decode("ascii", "replace")
    where = next_ or (f"{path}?{query}" if query else path)
    if request.scope["method"] != "GET" and not next_:
        where = "/console"
    values = {"seat": None, "at": "", "message": message, "login": login, "next": where}
    return html(status, "login.html", values)


def _needs_step(request: HttpRequest) -> bool:
    session = seat_of(request).session
    operator = session.operator
    return not session.is_complete or (
        operator.must_use_second_factor and not operator.has_second_factor
    )


def _step(request: HttpRequest) -> Reply:
    """The login is not complete: say which step is missing."""
    is_code = not seat_of(request).session.is_complete
    return page(request, "step.html", 403, is_code=is_code)
