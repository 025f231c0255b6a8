"""`oratio models warm` and `oratio models unload`: ask the workers to load or unload models, and report the results."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console

from cli.client import Client, ModelCommand, WeightsWorker
from cli.commands.connect import INTERRUPTED, connect_for_models
from cli.output.console import make_console, print_json
from cli.program_name import program_name
from common.settings import Settings

_POLL_INTERVAL_S = 0.5
# Loading may take minutes. Unloading waits only while the worker loads another model.
_TIMEOUT_S = {"warm": 600.0, "unload": 45.0}

Action = Literal["warm", "unload"]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The result of a command to one worker. `message` is for people."""

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
    """Return the exit status: 1 if no worker serves a model, or if it could not be loaded or unloaded."""
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
            console.print(f"Not loaded on any worker: {', '.join(names)}.")
        try:
            outcomes = _watch(client, action, answer.told, console, errors)
        except KeyboardInterrupt:
            (errors if as_json else console).print(
                f"The workers continue. See the progress with: {program_name()} models status"
            )
            return INTERRUPTED
    if as_json:
        print_json({**answer.raw, "outcomes": [outcome.as_json() for outcome in outcomes]})
    return 0 if all(outcome.done for outcome in outcomes) and not answer.not_served else 1


def _watch(
    client: Client, action: Action, commands: Sequence[ModelCommand], console: Console, errors: Console
) -> list[_Outcome]:
    """Wait for the result of each command and print it when it is known."""
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
    """Return the result of a command, or None while the worker still works on it."""
    key = command.weights
    if worker is None:
        return _Outcome(command, action == "unload", f"{key} is no longer served by {command.worker}.")
    if worker.trouble:
        return _Outcome(command, False, f"Cannot load {key}. {worker.trouble}")
    if worker.loaded == (action == "warm"):
        state = "loaded" if worker.loaded else "unloaded"
        return _Outcome(command, True, f"{key} is {state} on {command.worker}.")
    return None


def _timeout_message(action: Action, command: ModelCommand) -> str:
    state = {"warm": "loaded", "unload": "unloaded"}[action]
    return (
        f"{command.weights} is not {state} on {command.worker} yet. It may be in use, the worker may be loading other "
        "models, or loading may have failed; see the log of the worker."
    )


def _not_served_message(name: str) -> str:
    return (
        f"No running worker serves {name}. Check that it is downloaded with `{program_name()} models status`, and "
        f"download it with `{program_name()} models download {name}`. If you have just installed its environment (make "
        "setup-torch or make setup-parler), restart the service."
    )
