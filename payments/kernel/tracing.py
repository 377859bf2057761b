"""Traces over the whole path, by the W3C trace context; nothing happens until one is installed.

A context is its `traceparent`, a text that travels in HTTP headers, envelopes and effects. The
tracer itself is `payments.entrypoints.otel`; this module names no library.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Final, Protocol

Attributes = Mapping[str, str | int | float | bool]

_TRACEPARENT: Final = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_NOTHING: Final[AbstractContextManager[None]] = nullcontext()
_current: ContextVar[str] = ContextVar("traceparent", default="")


class Span(Protocol):
    """Something that takes time. `traceparent` is what its children continue."""

    traceparent: str

    def end(self, *, name: str | None = None, attributes: Attributes | None = None) -> None:
        """It is over; now its name and what it was about are known."""
        ...


class Tracer(Protocol):
    """Records spans."""

    def begin(
        self,
        name: str,
        *,
        parent: str = "",
        kind: str = "internal",
        links: Sequence[str] = (),
        began_ns: int | None = None,
    ) -> Span:
        """A span; `parent` and `links` are traceparents. `kind`: as SpanKind."""
        ...

    def flush(self) -> None:
        """Send what is finished; returns within seconds."""
        ...


class _Installed:
    """The tracer of this process."""

    tracer: Tracer | None = None


def install(tracer: Tracer | None) -> None:
    """From now on spans are recorded; None: no more."""
    _Installed.tracer = tracer


def tracer() -> Tracer | None:
    """The tracer, None while traces are off."""
    return _Installed.tracer


def flush() -> None:
    """Send what is finished; blocks for seconds at most."""
    if _Installed.tracer is not None:
        _Installed.tracer.flush()


def current() -> str:
    """The traceparent of what this task does, "" when it is not traced."""
    return _current.get() if _Installed.tracer is not None else ""


def trace_id() -> str:
    """The trace of what this task does, "" when it is not traced."""
    return current()[3:35]


def checked(text: str) -> str:
    """A traceparent from outside; "" for what is none."""
    return text if _TRACEPARENT.fullmatch(text) else ""


@contextmanager
def within(span: Span) -> Iterator[None]:
    """What happens inside continues the span."""
    token = _current.set(span.traceparent)
    try:
        yield
    finally:
        _current.reset(token)


def span(
    *words: str,
    parent: str | None = None,
    kind: str = "internal",
    about: Attributes | None = None,
) -> AbstractContextManager[None]:
    """What happens inside is a span, below the current one or below `parent`; `words`: its name."""
    tracer = _Installed.tracer
    if tracer is None:
        return _NOTHING
    above = _current.get() if parent is None else parent
    return _recorded(tracer.begin(" ".join(words), parent=above, kind=kind), about)


@contextmanager
def _recorded(span: Span, about: Attributes | None) -> Iterator[None]:
    attributes = dict(about or {})
    try:
        with within(span):
            yield
    except BaseException as error:
        attributes["error.type"] = type(error).__name__
        raise
    finally:
        span.end(attributes=attributes)
