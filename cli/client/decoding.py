"""Decodes the JSON of the service into frozen dataclasses.

Unknown keys stay in `raw`; missing keys have the default of their field.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from cli.client.errors import ClientError


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A decoded JSON object. `raw` is the object as the service sent it."""

    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


R = TypeVar("R", bound=Record)


def decode(kind: type[R], value: Any) -> R:
    """Decode a JSON object. Raises ClientError if it does not fit the record."""
    try:
        hints = _hints(kind)  # type: ignore[arg-type]  # classes can be hashed
        fields = {name: _value(hint, value[name]) for name, hint in hints.items() if name in value}
        return kind(**fields, raw=value)
    except (TypeError, ValueError, AttributeError) as error:
        message = f"The response of the service is not a valid {kind.__name__}: {error}."
        raise ClientError(message, "unexpected_answer") from None


def decode_list(kind: type[R], value: Any, name: str) -> list[R]:
    """Decode the list under the key `name` of a JSON object. Raises ClientError."""
    try:
        return [decode(kind, item) for item in value[name]]
    except (KeyError, TypeError):
        raise ClientError(f"The response of the service has no list {name!r}.", "unexpected_answer") from None


@cache
def _hints(kind: type[Record]) -> dict[str, Any]:
    return {name: hint for name, hint in get_type_hints(kind).items() if name != "raw"}


def _value(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if get_origin(hint) is UnionType:
        hint = next(item for item in get_args(hint) if item is not NoneType)
    if get_origin(hint) is tuple:
        return tuple(_value(get_args(hint)[0], item) for item in value)
    if hint is datetime:
        return datetime.fromisoformat(value)
    if isinstance(hint, type) and issubclass(hint, Record):
        return decode(hint, value)
    return value
