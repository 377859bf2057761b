"""Lists on the page of a thing, as CSV: lines of a statement, deliveries of an endpoint."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from payments.endpoints.queries import DeliveryView, EndpointView, list_deliveries
from payments.statements.line_list import LineView, list_lines
from payments.statements.queries import StatementView
from payments.surfaces.console.cells import Amount, Moment, State, Text
from payments.surfaces.console.lists import Column, ListPage, ListQuery, Sources


def lines_of(statement: StatementView, query: type[ListQuery], state: str | None) -> ListPage:
    """The lines of a statement, of one state or of all."""
    id_ = statement.statement_id
    assert id_ is not None, "it is kept"

    async def load(
        sources: Sources, _query: Any, before: UUID | None, count: int
    ) -> Sequence[LineView]:
        return await list_lines(sources.engine, id_, state, before, count)

    return ListPage(
        path=f"/console/statements/{id_}",
        title="Lines",
        query=query,
        columns=(
            Column("Date", lambda line: Text(line.date.isoformat())),
            Column("State", lambda line: State(line.state)),
            Column("Amount", lambda line: Amount(line.amount, line.currency), is_number=True),
            Column("Currency", lambda line: Text(line.currency)),
            Column("Kind", lambda line: Text(line.kind)),
            Column("Number", lambda line: Text(line.number)),
            Column("INN", lambda line: Text(line.inn)),
            Column("Counterparty", lambda line: Text(line.counterparty)),
            Column("Purpose", lambda line: Text(line.purpose)),
            Column("Reference", lambda line: Text(line.reference)),
            Column("Ours", lambda line: Text(str(line.subject_id or ""))),
            Column("Line", lambda line: Text(str(line.line_id))),
        ),
        load=load,
        key=lambda line: line.line_id,
        key_type=UUID,
        empty="",
    )


def deliveries_of(endpoint: EndpointView, query: type[ListQuery], status: str | None) -> ListPage:
    """What was sent to an endpoint, of one status or all."""

    async def load(
        sources: Sources, _query: Any, before: UUID | None, count: int
    ) -> Sequence[DeliveryView]:
        return await list_deliveries(sources.engine, endpoint.endpoint_id, status, before, count)

    return ListPage(
        path=f"/console/webhooks/{endpoint.endpoint_id}",
        title="Deliveries",
        query=query,
        columns=(
            Column("Made", lambda one: Moment(one.created_at)),
            Column("Type", lambda one: Text(one.type)),
            Column("Event", lambda one: Text(one.event_id)),
            Column("Status", lambda one: State(one.status)),
            Column("Attempts", lambda one: Text(str(one.attempt_count)), is_number=True),
            Column("Answered", lambda one: Text(str(one.status_code or ""))),
            Column("Error", lambda one: Text(one.error or "")),
            Column("Next attempt", lambda one: Moment(one.next_attempt_at)),
            Column("Delivery", lambda one: Text(str(one.delivery_id))),
        ),
        load=load,
        key=lambda one: one.delivery_id,
        key_type=UUID,
        empty="",
    )
