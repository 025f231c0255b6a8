"""What GET /ready says, in words."""

import json
import urllib.error
import urllib.request
from contextlib import suppress

# Longer than the service itself waits for what it stands on.
_WITHIN_S = 5.0


def unready(url: str) -> str | None:
    """What is missing until the service can speak; None when it can."""
    try:
        with urllib.request.urlopen(f"{url}/ready", timeout=_WITHIN_S):  # noqa: S310  # our own, or checked
            return None
    except urllib.error.HTTPError as refusal:
        with refusal:
            return _failing(refusal.read(100_000)) or f"answers {refusal.code}"
    except (OSError, ValueError) as error:
        return f"the gateway does not answer ({type(error).__name__})"


def _failing(body: bytes) -> str:
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        checks = json.loads(body)["checks"]
        return ", ".join(f"{name}: {check['message']}" for name, check in checks.items() if not check["ok"])
    return ""
