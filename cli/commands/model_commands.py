"""`oratio models warm` and `unload`: what workers are told to do with models, and what came of it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console

from cli.client import Client, ModelCommand, WeightsWorker
from cli.commands.connect import INTERRUPTED, connect_for_models
from cli.output.console import make_console, print_json
from cli.output.program_name import program_name
from common.settings import Settings

_POLL_INTERVAL_S = 0.5
# Loading may take minutes; unloading waits for nothing but what is being loaded.
_TIMEOUT_S = {"warm": 600.0, "unload": 45.0}

Action = Literal["warm", "unload"]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of an order; `said` is for people."""

    command: ModelCommand
    done: bool
    message: str

    def as_json(self) -> dict[str, object]:
        return {
            "weights": self.command.weights,
            "worker": self.command.worker,
            "done": self.done,
            "said": self.message,
        }


def change_models(
    settings: Settings, action: Action, names: Sequence[str], *, as_json: bool, url: str | None
) -> int:
    """The exit status: 1 for a model that nobody serves, or that could not be loaded or unloaded."""
    console, errors = make_console(), make_console(stderr=True)
    if as_json:
        console.quiet = True
    with connect_for_models(settings, url=url, errors=errors) as client:
        answer = client.command_models(action, names)
        for key in answer.stays:
            console.print(f"{key} always stays loaded.")
        for name in answer.not_served:
            errors.print(_not_served_message(name))
        if not (answer.told or answer.not_served or answer.stays):
            console.print(f"Nowhere loaded: {', '.join(names)}.")
        try:
            outcomes = _watch(client, action, answer.told, console, errors)
        except KeyboardInterrupt:
            (errors if as_json else console).print(
                f"It goes on; this says how far it is: {program_name()} models status"
            )
            return INTERRUPTED
    if as_json:
        print_json({**answer.raw, "outcomes": [outcome.as_json() for outcome in outcomes]})
    return 0 if all(outcome.done for outcome in outcomes) and not answer.not_served else 1


def _watch(
    client: Client, action: Action, commands: Sequence[ModelCommand], console: Console, errors: Console
) -> list[_Outcome]:
    """What came of each, told as it comes."""
    if commands and action == "warm":
        console.print(f"Loading {', '.join(dict.fromkeys(one.weights for one in commands))} …")
    outcomes: list[_Outcome] = []
    pending, give_up_at = list(commands), time.monotonic() + _TIMEOUT_S[action]
    while pending and time.monotonic() < give_up_at:
        states = _worker_states(client)
        outcome_of = {one: _outcome(action, one, states.get((one.weights, one.worker))) for one in pending}
        finished = [outcome for outcome in outcome_of.values() if outcome]
        for outcome in finished:
            (console if outcome.done else errors).print(outcome.message)
        outcomes += finished
        pending = [one for one, outcome in outcome_of.items() if outcome is None]
        if pending:
            time.sleep(_POLL_INTERVAL_S)
    timed_out = [_Outcome(one, False, _timeout_message(action, one)) for one in pending]
    for outcome in timed_out:
        errors.print(outcome.message)
    return outcomes + timed_out


def _worker_states(client: Client) -> dict[tuple[str, str], WeightsWorker]:
    weights = [weights for model in client.models().models for weights in model.weights]
    return {(one.key, worker.id): worker for one in weights for worker in one.workers}


def _outcome(action: Action, command: ModelCommand, worker: WeightsWorker | None) -> _Outcome | None:
    """None while it is under way."""
    key = command.weights
    if worker is None:
        return _Outcome(command, action == "unload", f"{key} is not on {command.worker} any more.")
    if worker.trouble:
        return _Outcome(command, False, f"{key} cannot be loaded. {worker.trouble}")
    if worker.loaded == (action == "warm"):
        state = "loaded" if worker.loaded else "unloaded"
        return _Outcome(command, True, f"{key} is {state} on {command.worker}.")
    return None


def _timeout_message(action: Action, command: ModelCommand) -> str:
    return (
        f"{command.weights} is not {action}ed on {command.worker} yet: it is in use, others are being loaded, or its log "
        "says why."
    )


def _not_served_message(name: str) -> str:
    return (
        f"No worker that runs serves {name} now. `{program_name()} models status` says what lies in the models folder, "
        f"`{program_name()} models download {name}` fetches it; a new environment (make setup-torch, setup-parler) has its "
        "worker after the next start."
    )
