"""Cancels, retries and deletes jobs and recordings; a failure of one does not stop the others."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from cli.client import Client, ClientError, DeletionResult
from cli.commands.connect import connect
from cli.output.console import make_console, print_json
from common.settings import Settings

# The job id, and the error or None.
_Outcome = tuple[str, ClientError | None]


def cancel(settings: Settings, job_ids: Sequence[str], *, as_json: bool, url: str | None) -> int:
    """Return the exit status, as do the other actions: 1 if one of the jobs failed."""
    errors = make_console(stderr=True)
    with connect(settings, url=url, errors=errors) as client:
        return _print_outcomes(_run_each(client.cancel, job_ids), "cancelled", as_json=as_json)


def retry(settings: Settings, job_ids: Sequence[str], *, as_json: bool, url: str | None) -> int:
    with connect(settings, url=url, errors=make_console(stderr=True)) as client:
        return _print_outcomes(_run_each(client.retry, job_ids), "queued again", as_json=as_json)


def delete(settings: Settings, job_ids: Sequence[str], *, as_json: bool, url: str | None) -> int:
    return _delete(settings, partial(Client.delete_jobs, job_ids=job_ids), as_json=as_json, url=url)


def delete_recordings(settings: Settings, job_ids: Sequence[str], *, as_json: bool, url: str | None) -> int:
    return _delete(settings, partial(Client.delete_recordings, job_ids=job_ids), as_json=as_json, url=url)


def keep_recordings(
    settings: Settings, job_ids: Sequence[str], *, kept: bool, as_json: bool, url: str | None
) -> int:
    with connect(settings, url=url, errors=make_console(stderr=True)) as client:
        outcomes = _run_each(partial(client.keep, kept=kept), job_ids)
        return _print_outcomes(outcomes, "kept" if kept else "not kept", as_json=as_json)


def _delete(
    settings: Settings, run: Callable[[Client], list[DeletionResult]], *, as_json: bool, url: str | None
) -> int:
    with connect(settings, url=url, errors=make_console(stderr=True)) as client:
        return _print_outcomes(map(_outcome, run(client)), "deleted", as_json=as_json)


def _run_each(run: Callable[[str], object], job_ids: Sequence[str]) -> Iterable[_Outcome]:
    for job_id in job_ids:
        try:
            run(job_id)
            yield job_id, None
        except ClientError as refusal:
            if refusal.is_lost:
                raise
            yield job_id, refusal


def _outcome(one: DeletionResult) -> _Outcome:
    if one.error is None:
        return one.job_id, None
    return one.job_id, ClientError(one.error.message, one.error.code or "refused")


def _print_outcomes(outcomes: Iterable[_Outcome], done: str, *, as_json: bool) -> int:
    console, errors = make_console(), make_console(stderr=True)
    status = 0
    for job_id, refusal in outcomes:
        status = 1 if refusal else status
        if as_json:
            error = {"code": refusal.code, "message": refusal.message} if refusal else None
            print_json({"job_id": job_id, "done": refusal is None, "error": error}, in_one_line=True)
        elif refusal:
            errors.print(f"{job_id}: {refusal}")
        else:
            console.print(f"{job_id}: {done}")
    return status
