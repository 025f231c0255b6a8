"""From the service's JSON to frozen dataclasses: what they do not know is left in `raw`, what is missing is default."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from cli.client.errors import ClientError


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """`raw` is all that the service said, as it said it."""

    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


R = TypeVar("R", bound=Record)


def decode(kind: type[R], value: Any) -> R:
    """Raises Failed for an answer that is no such thing."""
    try:
        hints = _hints(kind)  # type: ignore[arg-type]  # classes can be hashed
        fields = {name: _value(hint, value[name]) for name, hint in hints.items() if name in value}
        return kind(**fields, raw=value)
    except (TypeError, ValueError, AttributeError) as error:
        message = f"The service answered something that is no {kind.__name__}: {error}."
        raise ClientError(message, "unexpected_answer") from None


def decode_list(kind: type[R], value: Any, name: str) -> list[R]:
    """What stands below that name of an answer. Raises Failed."""
    try:
        return [decode(kind, item) for item in value[name]]
    except (KeyError, TypeError):
        raise ClientError(f"The service answered nothing that has {name}.", "unexpected_answer") from None


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
