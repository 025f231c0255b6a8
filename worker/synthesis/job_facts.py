"""Facts about a request that its result records: a digest of the recipe, and warnings about the language."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice

from common import __version__
from common.catalogue import find_voice
from common.jobs.records import JobSpec
from common.markup import without_ssml_tags
from worker.synthesis.segmentation import Segment
from worker.text.language_detection import mismatch_warning


class JobFacts:
    """The facts are computed when they are first read."""

    def __init__(self, job: JobSpec) -> None:
        self._job = job

    def compute_meanwhile(self, segments: Iterable[Segment]) -> Iterator[Segment]:
        """Yield the segments. Compute the facts after the first, while an engine speaks it."""
        remaining = iter(segments)
        yield from islice(remaining, 1)
        _ = self.recipe, self.language_warnings
        yield from remaining

    @cached_property
    def recipe(self) -> str:
        """A digest of everything that changes the sound."""
        job = self._job
        values = [
            __version__,
            job.provider,
            job.voice_id,
            job.text,
            job.language,
            job.speed,
            job.style,
            job.format,
            job.seed,
            job.options.as_row(),
        ]
        return hashlib.sha256(json.dumps(values).encode()).hexdigest()

    @cached_property
    def language_warnings(self) -> tuple[str, ...]:
        # The gateway has checked a language that the request names. Otherwise it is detected here.
        job = self._job
        if job.language or job.provider == "stub":
            return ()
        voice = find_voice(job.voice_id, allow_fake=True)
        text = without_ssml_tags(job.text, input_type=job.options.input_type)
        warning = mismatch_warning(text, asked=None, spoken=voice.languages)
        return (warning,) if warning else ()
