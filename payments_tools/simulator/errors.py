"""The error catalogue of specification §12, and the exception that holds a row of it."""

from typing import Final

import msgspec


class Code(msgspec.Struct, frozen=True):
    """One row of the catalogue; `money_moved` is "no" or "unknown"."""

    status: int
    definitive: bool
    money_moved: str


CODES: Final[dict[str, Code]] = {
    "malformed_request": Code(400, True, "no"),
    "invalid_field": Code(422, True, "no"),
    "invalid_amount": Code(422, True, "no"),
    "unsupported_currency": Code(422, True, "no"),
    "amount_out_of_limits": Code(422, True, "no"),
    "wallet_not_found": Code(422, True, "no"),
    "wallet_blocked": Code(422, True, "no"),
    "wallet_currency_mismatch": Code(422, True, "no"),
    "compliance_refused": Code(422, True, "no"),
    "insufficient_merchant_funds": Code(402, True, "no"),
    # Definitive for this request only: the first one with this merchant_id may have paid.
    "merchant_id_reused": Code(409, True, "unknown"),
    "unauthorized": Code(401, False, "no"),
    "invalid_signature": Code(401, False, "no"),
    "timestamp_out_of_tolerance": Code(401, False, "no"),
    "forbidden": Code(403, False, "no"),
    "transaction_not_found": Code(404, False, "unknown"),
    "not_found": Code(404, False, "no"),
    "method_not_allowed": Code(405, False, "no"),
    "rate_limited": Code(429, False, "no"),
    "service_unavailable": Code(503, False, "no"),
    "internal_error": Code(500, False, "unknown"),
}

_RETRY_AFTER: Final = {"rate_limited": "1", "service_unavailable": "1"}


class ApiError(Exception):
    """A response that is not 2xx; `status` differs from the catalogue for a long body (413)."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        field: str | None = None,
        transaction_id: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.field = field
        self.transaction_id = transaction_id
        self.status = CODES[code].status if status is None else status

    def headers(self) -> dict[str, str]:
        """The header `retry-after` if the catalogue requires it."""
        wait = _RETRY_AFTER.get(self.code)
        return {} if wait is None else {"retry-after": wait}

    def body(self, request_id: str | None) -> bytes:
        """The JSON error body."""
        entry = CODES[self.code]
        return msgspec.json.encode(
            {
                "error": {
                    "code": self.code,
                    "message": self.message,
                    "field": self.field,
                    "definitive": entry.definitive,
                    "money_moved": entry.money_moved,
                    "transaction_id": self.transaction_id,
                    "request_id": request_id,
                }
            }
        )
