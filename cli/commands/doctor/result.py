"""What one check of `oratio doctor` found."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`advice` says what to do about it; only a problem keeps the service from working."""

    name: str
    state: Literal["ok", "note", "problem"]
    message: str
    advice: str = ""

    def as_json(self) -> dict[str, str]:
        return {"name": self.name, "state": self.state, "said": self.message, "advice": self.advice}
