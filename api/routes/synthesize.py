"""Submit a text, and wait for the job or return its address."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from api.dependencies import GatewayDep
from api.error_handlers import Responses, documented_errors
from api.http.fast_route import SynthesisRoute
from api.http.request_scope import address, note_job, request_id
from api.jobs import job_factory, job_result
from api.jobs.job_factory import JobRequest
from api.jobs.timed_requests import read_cues
from api.jobs.views import job_view
from api.schemas.job import Job
from api.schemas.synthesis import KEY_PATTERN, SynthesisRequest
from common.jobs.records import JobRecord
from common.status import JobStatus

router = APIRouter(tags=["speech"], route_class=SynthesisRoute)

_REDIS_AWAY = "Redis does not answer. The job is kept, and is spoken when Redis is back."
_ACCEPTED: Responses = {202: {"model": Job, "description": "Accepted. `Location` is the address of the job."}}


@router.post(
    "/synthesize",
    response_model=Job,
    responses=_ACCEPTED | documented_errors(400, 404, 409, 410, 413, 502, 504, 507),
)
async def synthesize(
    request: Request,
    gateway: GatewayDep,
    *,
    body: SynthesisRequest,
    async_mode: Annotated[bool, Query(description="Return 202 at once instead of waiting.")] = False,
    prefer: Annotated[
        str | None, Header(description="`respond-async` is the same as `async_mode=true`.")
    ] = None,
    idempotency_key: Annotated[
        str | None,
        Header(pattern=KEY_PATTERN, description="Requests with the same key and the same body are one job."),
    ] = None,
) -> Response:
    """Speak a text.

    Returns 200 with the finished job. With `async_mode=true`, while Redis is away, or if the job takes longer than
    `ORATIO_SYNC_WAIT_S`, returns 202 with the address of the job in `Location`. Disconnecting does not cancel the job.
    """
    body, cue_times_ms = await read_cues(body, allow_fake=gateway.settings.fake_engine)
    job_factory.check_text(body, gateway.settings)
    key = job_factory.pick_key(body, idempotency_key)
    job = await job_factory.build_job(
        JobRequest(body, key=key, request_id=request_id(request), cue_times_ms=cue_times_ms),
        settings=gateway.settings,
        worker_cache=gateway.worker_cache,
    )
    note_job(request, job.id)
    preferred = _wants_async(prefer)
    if async_mode or preferred:
        accepted = await gateway.submissions.submit(job)
        if accepted.created:
            return _accepted(request, accepted.record_of(job), preferred=preferred)
        note_job(request, accepted.job_id)
        record = await job_result.current_record(gateway.database, accepted.job_id)
        return _accepted(request, record, preferred=preferred)
    with gateway.event_bus.listen(job.id) as subscription:
        accepted = await gateway.submissions.submit(job)
        if accepted.created:
            if not await gateway.event_bus.is_reachable():
                return _accepted_meanwhile(request, accepted.record_of(job))
            record = await job_result.wait_for_end(
                gateway.database,
                job.id,
                subscription,
                wait_s=gateway.settings.sync_wait_s,
                created=accepted.record_of(job),
            )
            return _respond(request, record)
    note_job(request, accepted.job_id)
    if not await gateway.event_bus.is_reachable():
        return _respond(request, await job_result.current_record(gateway.database, accepted.job_id))
    with gateway.event_bus.listen(accepted.job_id) as subscription:
        record = await job_result.wait_for_end(
            gateway.database, accepted.job_id, subscription, wait_s=gateway.settings.sync_wait_s
        )
    return _respond(request, record)


def _wants_async(prefer: str | None) -> bool:
    return prefer is not None and any(
        part.strip().lower() == "respond-async" for part in prefer.replace(";", ",").split(",")
    )


def _respond(request: Request, record: JobRecord) -> Response:
    """Return 200 for a finished job, 202 for an unfinished one. Raises the error of a failed or cancelled job."""
    if record.status == JobStatus.COMPLETED:
        return Response(job_view(request, record).model_dump_json(), media_type="application/json")
    if (failure := job_result.failure_of(record)) is not None:
        raise failure
    return _accepted(request, record, preferred=False)


def _accepted_meanwhile(request: Request, record: JobRecord) -> Response:
    return _accepted(request, replace(record, warnings=(*record.warnings, _REDIS_AWAY)), preferred=False)


def _accepted(request: Request, record: JobRecord, *, preferred: bool) -> Response:
    headers = {"Location": address(request, f"/jobs/{record.id}")}
    if preferred:
        headers["Preference-Applied"] = "respond-async"
    return Response(job_view(request, record).model_dump_json(), 202, headers, media_type="application/json")
