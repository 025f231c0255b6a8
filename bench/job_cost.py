"""The CPU that one job costs a worker outside the engine, by part, for a sentence of about eight seconds of speech.

One process re-enacts jobs part by part. The engine speaks in between, unmeasured, so that the parts run with the cold
caches of a real job. Then it runs whole jobs as a task does and measures only the thread of the task. The last table
repeats the transactions on Postgres. Everything is CPU time, in milliseconds: the median and the least of all jobs.
"""

import hashlib
import io
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from itertools import islice, pairwise
from pathlib import Path

from bench.table import show
from bench.texts import sentences
from common.catalogue import find_voice
from common.catalogue.loudness import gain_db
from common.db.database import Database
from common.db.migration import migrate
from common.jobs import lease
from common.jobs.lease import ClaimedPart
from common.jobs.submission import NewJob
from common.logs import configure_logs, get_logger
from common.settings import Settings
from tests.support.databases import running_postgres
from tests.support.rows import claim_part, new_job, result_of, submit
from tests.support.valkey import running_valkey
from worker.encoding import open_encoder
from worker.engines.protocol import Speech
from worker.inference.dispatch import Dispatcher
from worker.runtime.context import WorkerContext
from worker.sound import Master, trim
from worker.synthesis import pipeline
from worker.synthesis.callbacks import JobCallbacks
from worker.synthesis.job_facts import JobFacts
from worker.synthesis.job_runner import run_part
from worker.synthesis.segment_synthesis import SegmentNormalizer, SegmentSynthesis
from worker.synthesis.segmentation import plan_segments

JOBS = 80
WARM_UP_JOBS = 10
KINDS = (("one sentence, wav", 1, "wav"), ("one sentence, mp3", 1, "mp3"), ("three sentences, wav", 3, "wav"))
log = get_logger(__name__)


class Meter:
    """CPU time by part. It counts all threads, because the store has threads of its own."""

    def __init__(self) -> None:
        self._times_ms: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        began_at = time.process_time()
        yield
        self._times_ms[name].append((time.process_time() - began_at) * 1000)

    def rows(self) -> list[tuple[str, str, str]]:
        measured = {name: times[WARM_UP_JOBS:] for name, times in self._times_ms.items()}
        rows = [_row(name, times) for name, times in measured.items()]
        return [*rows, _row("all parts", [sum(job) for job in zip(*measured.values(), strict=True)])]


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as name,
        running_valkey(Path(name)) as valkey,
        _log_to(Path(name) / "worker.log"),
    ):
        settings = Settings(_env_file=None, data_dir=Path(name), redis_url=valkey.url)
        migrate(settings.database)
        context = WorkerContext(settings, aliases=("hibari",))
        context.engines.load()
        pipeline.warm_up()
        parts = _measure_parts(context)
        jobs = [_measure_jobs(context, *kind) for kind in KINDS]
        on_postgres = _measure_postgres()
        context.engines.close(timeout_s=1.0)
        context.redis_link.close()
        context.database.close()
    columns = ("", "median", "least")
    show("Parts of a job, CPU ms", columns, parts)
    show("Whole jobs, CPU ms", columns, jobs)
    show("On Postgres, CPU ms", columns, on_postgres)


def _measure_parts(context: WorkerContext) -> list[tuple[str, str, str]]:
    meter, dispatcher = Meter(), context.engines.dispatcher("hibari")
    for job in _new_jobs():
        with meter.part("insert the job (gateway)"):
            submit(context.database, job)
        with meter.part("claim"):
            part = claim_part(context.database, job)
        speech = _speak(meter, part, dispatcher)
        _finish(meter, context, part, _render(meter, part, speech))
    return meter.rows()


def _speak(meter: Meter, part: ClaimedPart, dispatcher: Dispatcher) -> Speech:
    with meter.part("segments"):
        segments = list(plan_segments(part, max_chars=dispatcher.engine.max_chars).segments)
    normalizer = SegmentNormalizer(part, None)
    with meter.part("words"):
        normalizer.normalize(segments[0])
    callbacks = JobCallbacks(lambda: None, lambda _: None, lambda _done, _total: None)
    synthesis = SegmentSynthesis(dispatcher, part, normalizer=normalizer, speed=1.0, callbacks=callbacks)
    [spoken] = synthesis.speak(segments)
    with meter.part("language and recipe"):
        list(JobFacts(part.job).compute_meanwhile(segments))
    return spoken.speech


def _render(meter: Meter, part: ClaimedPart, speech: Speech) -> bytes:
    rate_hz, out = speech.sample_rate_hz, io.BytesIO()
    with meter.part("trim"):
        trimmed = trim(speech.samples, sample_rate_hz=rate_hz)
    with meter.part("level and limit"):
        master = Master(sample_rate_hz=rate_hz)
        mastered = [
            master.speech(trimmed.samples, gain_db=gain_db(find_voice(part.job.voice_id))),
            master.end(),
        ]
    with meter.part("encode wav"):
        encoder = open_encoder("wav", sample_rate_hz=rate_hz, out=out)
        for samples in mastered:
            encoder.write(samples)
        encoder.close()
    with meter.part("digest"):
        hashlib.sha256(out.getbuffer()).hexdigest()
    return out.getvalue()


def _finish(meter: Meter, context: WorkerContext, part: ClaimedPart, audio: bytes) -> None:
    result = result_of(part)
    with meter.part("store"):
        context.store.put(result.key, io.BytesIO(audio))
    with meter.part("finish"), context.database.write() as connection:
        ended = lease.finish(connection, part, result) or {}
    with meter.part("event"):
        context.notifier.publish_event(part.job.id, "completed", **ended)
    with meter.part("log line"):
        log.info("completed", audio_s=result.duration_s, segments=result.segments, **ended["timings"])


def _measure_jobs(
    context: WorkerContext, kind: str, sentence_count: int, audio_format: str
) -> tuple[str, str, str]:
    jobs = list(_new_jobs(sentence_count=sentence_count, format=audio_format))
    submit(context.database, *jobs)
    return _row(kind, [_run_ms(context, job) for job in jobs][WARM_UP_JOBS:])


def _run_ms(context: WorkerContext, job: NewJob) -> float:
    began_at = time.thread_time()
    run_part(context, job.part_id, isolated=False)
    return (time.thread_time() - began_at) * 1000


def _measure_postgres() -> list[tuple[str, str, str]]:
    meter = Meter()
    with running_postgres() as server, server.database(migrated=True) as url:
        database = Database(url, role="worker")
        for job in _new_jobs():
            with meter.part("insert the job (gateway)"):
                submit(database, job)
            with meter.part("claim"):
                part = claim_part(database, job)
            with meter.part("finish"), database.write() as connection:
                lease.finish(connection, part, result_of(part))
        database.close()
    return meter.rows()


def _new_jobs(*, sentence_count: int = 1, **changes: str) -> Iterator[NewJob]:
    texts = _long_sentences()
    for _ in range(JOBS + WARM_UP_JOBS):
        yield new_job(text=" ".join(islice(texts, sentence_count)), **changes)


def _long_sentences() -> Iterator[str]:
    """Sentences of about 130 characters, 8 s of speech."""
    for first, second in pairwise(sentences()):
        yield f"{first[:-1]}, and {second[0].lower()}{second[1:]}"


@contextmanager
def _log_to(file: Path) -> Iterator[None]:
    """Write log lines to a file, as a worker's do."""
    with file.open("w") as lines, redirect_stderr(lines):
        configure_logs(level="INFO", process="worker")
        yield


def _row(name: str, times_ms: list[float]) -> tuple[str, str, str]:
    return name, f"{statistics.median(times_ms):.2f}", f"{min(times_ms):.2f}"


if __name__ == "__main__":
    main()
