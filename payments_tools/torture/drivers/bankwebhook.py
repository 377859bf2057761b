"""The bank's webhook: payments for organizations, each reported several times."""

from datetime import UTC, datetime
from typing import Final

from payments.bankpayments.receive import ReceiveBankPayment, request_of
from payments.ledger.chart import Kind, account_id
from payments_tools.torture.drivers.driver import Surface, amount
from payments_tools.torture.journal import Call

_DATE: Final = datetime(2024, 4, 27, 21, tzinfo=UTC)


class BankWebhook(Surface):
    """The bank."""

    name = "bank webhook"
    weight = 3

    async def prepare(self) -> None:
        """The demo's organizations."""
        await self.tools.stage.command("seed", "organizations")
        headers = {"Authorization": f"Bearer {self.tools.api_key}"}
        answer = await self.tools.http.get("/v1/organizations", headers=headers)
        self.organizations = {
            str(o["inn"]): int(o["organization_id"])
            for o in answer.raise_for_status().json()["items"]
        }

    def next(self) -> Call:
        """A payment for one of them."""
        inn = self.rng.choice(sorted(self.organizations))
        minor, payment_id = self.rng.randint(1, 100_000), self.rng.uuid()
        body = {
            "operation_id": str(payment_id),
            "amount": amount(minor),
            "payer_inn": inn,
            "document_number": f"PAY-{self._number}",
            "document_date": "2024-04-27T21:00:00Z",
        }
        intent = ReceiveBankPayment(payment_id, inn, minor, f"PAY-{self._number}", _DATE)
        return self.call(
            "payment",
            "/api/webhook/bank",
            body,
            key=str(payment_id),
            headers={},
            operation_id=request_of(intent).operation_id,
            moves=((account_id(Kind.ORGANIZATION, self.organizations[inn]), minor),),
        )
