"""Traces that are off cost nothing, and what is added for them can be read by older releases."""

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import pytest

from payments.entrypoints import otel
from payments.entrypoints.logging import only_allowed, with_trace
from payments.entrypoints.settings import BadSettings, Settings
from payments.entrypoints.tracing import configure_tracing
from payments.kernel import tracing
from payments.operations.envelope import Envelope, decode_strictly, encode, seal
from payments.wallets.open import OpenWallet

GIVEN: Final = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
NOW: Final = datetime(2026, 11, 26, tzinfo=UTC)


class OldEnvelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The envelope of release 0.1.0."""

    operation_id: UUID
    kind: str
    actor: str
    digest: bytes
    submitted_at: datetime
    body: msgspec.Raw
    reply_to: str = ""


class Recorded:
    """A tracer that keeps nothing and gives every span the same context."""

    traceparent = GIVEN

    def begin(self, name: str, **_more: Any) -> "Recorded":
        del name
        return self

    def end(self, **_more: Any) -> None:
        """Nothing is kept."""

    def flush(self) -> None:
        """Nothing is kept."""


@pytest.fixture
def is_on() -> Any:
    tracing.install(Recorded())
    yield
    tracing.install(None)


def sealed() -> Envelope:
    intent = OpenWallet(currency="RUB", owner="u")
    return seal(UUID(int=1), "wallet.open", "a", intent, NOW, "")  # type: ignore[arg-type]


def test_without_a_tracer_nothing_is_added_and_nothing_is_imported() -> None:
    with tracing.span("anything"):
        assert tracing.current() == ""
        assert b"traceparent" not in encode(sealed())
    # redis-py imports OpenTelemetry's interface by itself; ours and the exporter stay away
    code = (
        "import sys, payments.entrypoints.api, payments.entrypoints.consumer,"
        "payments.entrypoints.executor, payments.entrypoints.tracing;"
        "sys.exit(not {'payments.entrypoints.otel', 'opentelemetry.exporter'}"
        ".isdisjoint(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.usefixtures("is_on")
def test_the_envelope_carries_the_trace_and_0_1_0_reads_it() -> None:
    plain = sealed()
    with tracing.span("request"):
        traced = sealed()
    assert (plain.traceparent, traced.traceparent) == ("", GIVEN)
    assert traced.digest == plain.digest
    assert decode_strictly(encode(traced)).traceparent == GIVEN
    old = msgspec.json.decode(encode(traced), type=OldEnvelope)
    assert (old.kind, old.body) == (traced.kind, traced.body)


@pytest.mark.usefixtures("is_on")
def test_a_line_of_the_log_carries_the_trace() -> None:
    with tracing.span("request"):
        event = only_allowed(None, "info", with_trace(None, "info", {"event": "request"}))
    assert event == {"event": "request", "trace_id": GIVEN[3:35]}
    assert with_trace(None, "info", {"event": "request"}) == {"event": "request"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage",
        GIVEN.upper(),
        GIVEN + "0",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{'a' * 32}-{'0' * 16}-01",
        "ff" + GIVEN[2:],
    ],
)
def test_what_is_no_context_is_ignored(text: str) -> None:
    assert tracing.checked(text) == ""
    assert tracing.checked(GIVEN) == GIVEN


def test_a_context_goes_through_opentelemetry_as_it_is() -> None:
    tracer = otel.create_tracer("http://127.0.0.1:9/v1/traces", "test")
    try:
        child = tracer.begin("child", parent=GIVEN)
        assert child.traceparent.startswith(GIVEN[:36])
        assert child.traceparent != GIVEN
    finally:
        tracer.close()


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "payments.entrypoints.otel", None)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    settings = msgspec.structs.replace(Settings(), traces_url="http://collector:4318/v1/traces")
    with pytest.raises(BadSettings, match=r"payments-platform\[otel\]"):
        configure_tracing(settings, "api")
