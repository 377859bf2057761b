"""Texts that are one of a few words: what the OpenAPI document says of them.

Nothing is checked when an answer is made: the words come from the enum itself.
"""

import enum
from collections.abc import Iterable
from typing import Final

import msgspec

KIND_OF_OPERATION: Final = "x-kind-of-operation"
"""Marks a text that is the kind of an operation; the document lists those that are registered."""


def one_of(words: type[enum.Enum] | Iterable[str | enum.Enum]) -> msgspec.Meta:
    """Annotation of a text that is one of these words: of an enum, or as they are listed."""
    texts = [w.value if isinstance(w, enum.Enum) else w for w in words]
    return msgspec.Meta(extra_json_schema={"enum": texts})


def kind_of_operation() -> msgspec.Meta:
    """Annotate a text that is the kind of an operation."""
    return msgspec.Meta(extra_json_schema={KIND_OF_OPERATION: True})
