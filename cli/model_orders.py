"""`oratio models warm` and `unload`: what workers are told to do with models."""

from collections.abc import Sequence

from cli.console import make_console
from cli.reaching import reached
from common.settings import Settings

_ORDERS = {"warm": "load", "unload": "unload"}


def order(settings: Settings, what: str, names: Sequence[str], *, url: str | None) -> int:
    """The exit status: 1 for a model that nobody serves."""
    console, errors = make_console(), make_console(stderr=True)
    with reached(settings, url=url, errors=errors) as client:
        answer = client.order_models(what, names)
    for told in answer["told"]:
        console.print(f"{told['worker']} is told to {_ORDERS[what]} {told['weights']}.")
    for name in answer["not_served"]:
        errors.print(f"No worker that runs serves {name}. What there is, says: oratio models status")
    if not answer["told"] and not answer["not_served"]:
        console.print(f"Nowhere loaded: {', '.join(names)}.")
    return 1 if answer["not_served"] else 0
