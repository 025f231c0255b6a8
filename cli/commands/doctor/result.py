"""The result of one check of `oratio doctor`."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`advice` says how to fix it. A `problem` keeps the service from working, a `note` does not."""

    name: str
    state: Literal["ok", "note", "problem"]
    message: str
    advice: str = ""

    def as_json(self) -> dict[str, str]:
        return {"name": self.name, "state": self.state, "said": self.message, "advice": self.advice}
