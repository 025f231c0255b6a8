"""`oratio models warm` and `unload`: what workers are told to do with models, and what came of it."""

import time
from collections.abc import Sequence
from typing import Literal

from rich.console import Console

from cli.client import Client, Job
from cli.console import make_console
from cli.own_name import own_name
from cli.reaching import reached
from common.settings import Settings

INTERRUPTED = 130
_LOOK_EVERY_S = 0.5
# Loading may take minutes; unloading waits for nothing but what is being loaded.
_WITHIN_S = {"warm": 600.0, "unload": 45.0}

What = Literal["warm", "unload"]


def order(settings: Settings, what: What, names: Sequence[str], *, url: str | None) -> int:
    """The exit status: 1 for a model that nobody serves, or that could not be loaded or unloaded."""
    console, errors = make_console(), make_console(stderr=True)
    with reached(settings, url=url, errors=errors) as client:
        answer = client.order_models(what, names)
        for key in answer["stays"]:
            console.print(f"{key} always stays loaded.")
        for name in answer["not_served"]:
            errors.print(_not_served(name))
        if not any(answer[kind] for kind in ("told", "not_served", "stays")):
            console.print(f"Nowhere loaded: {', '.join(names)}.")
        try:
            well = _watch(client, what, answer["told"], console, errors)
        except KeyboardInterrupt:
            console.print(f"It goes on; this says how far it is: {own_name()} models status")
            return INTERRUPTED
    return 0 if well and not answer["not_served"] else 1


def _watch(client: Client, what: What, told: Sequence[Job], console: Console, errors: Console) -> bool:
    """Whether all did as they were told."""
    waiting = [(one["weights"], one["worker"]) for one in told]
    if waiting and what == "warm":
        console.print(f"Loading {', '.join(dict.fromkeys(key for key, _ in waiting))} …")
    well, give_up_at = True, time.monotonic() + _WITHIN_S[what]
    while waiting and time.monotonic() < give_up_at:
        states = _states(client)
        outcomes = {pair: _outcome(what, pair, states.get(pair)) for pair in waiting}
        for done, said in filter(None, outcomes.values()):
            (console if done else errors).print(said)
            well = well and done
        waiting = [pair for pair, outcome in outcomes.items() if outcome is None]
        if waiting:
            time.sleep(_LOOK_EVERY_S)
    for key, worker in waiting:
        errors.print(
            f"{key} is not {what}ed on {worker} yet: it is in use, others are being loaded, or its log says why."
        )
    return well and not waiting


def _states(client: Client) -> dict[tuple[str, str], Job]:
    models = client.models()["models"]
    return {
        (weights["key"], worker["id"]): worker
        for model in models
        for weights in model["weights"]
        for worker in weights["workers"]
    }


def _outcome(what: What, pair: tuple[str, str], worker: Job | None) -> tuple[bool, str] | None:
    """Whether it is as it was told to be, and what to say of it; None while it is under way."""
    key, worker_id = pair
    if worker is None:
        return what == "unload", f"{key} is not on {worker_id} any more."
    if worker["trouble"]:
        return False, f"{key} cannot be loaded. {worker['trouble']}"
    if worker["loaded"] == (what == "warm"):
        return True, f"{key} is {'loaded' if worker['loaded'] else 'unloaded'} on {worker_id}."
    return None


def _not_served(name: str) -> str:
    return (
        f"No worker that runs serves {name} now. `{own_name()} models status` says what lies in the models folder, "
        f"`{own_name()} models download {name}` fetches it; a new environment (make setup-torch, setup-parler) has its "
        "worker after the next start."
    )
