"""Logs: one JSON object per line with allowed fields only, so that a careless
call leaks no secret.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import msgspec
import structlog

from payments.kernel import tracing

ALLOWED: Final = frozenset(
    """
    actor advice application applied attempt attempts backlog blocking_pid callback_id check
    closed code command consumer count day days delivery duration_ms effect endpoint error
    event event_id exception in_use is_locked job kind lag letter_id level logger
    merchant_id method name needs node nodes not_understood oldest operation_id owned
    partition partitions place port provider reason redis_ends request_id role route seconds
    since size slot state status stream stream_id timestamp trace_id url username version
    waiting_s
    """.split()  # noqa: SIM905 - read as a paragraph
)
"""Fields a line may contain. Add new fields here deliberately."""

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_TEXT_MAX: Final = 4000


def only_allowed(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Drop fields that are not allowed and cut long texts."""
    allowed = {
        k: v[:_TEXT_MAX] if isinstance(v, str) else v for k, v in event.items() if k in ALLOWED
    }
    dropped = sorted(event.keys() - allowed.keys())
    return {**allowed, "dropped": dropped} if dropped else allowed


def with_trace(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Add the trace that a line belongs to, so that a log leads to a trace and back."""
    trace_id = tracing.trace_id()
    return {**event, "trace_id": trace_id} if trace_id else event


def configure_logging(level: str, role: str) -> None:
    """Set up logging for this process; the standard library's loggers write the same format."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        with_trace,
        only_allowed,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_dump)],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        processor=structlog.processors.JSONRenderer(serializer=_dump),
        foreign_pre_chain=[*shared[:-1]],
        keep_exc_info=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(_LEVELS[level], logging.WARNING))
    structlog.get_logger(__name__).info("started", role=role)


def _dump(value: Any, **_options: Any) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode()
