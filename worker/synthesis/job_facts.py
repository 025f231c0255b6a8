"""Facts about a request that its result records: a digest of the recipe, and warnings about its text."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice

from common import __version__
from common.catalogue import find_voice
from common.jobs.records import JobSpec
from common.markup import parse_input, without_ssml_tags
from worker.synthesis.segmentation import Segment
from worker.text.language_detection import mismatch_warning
from worker.text.page_cleaning import count_left_out
from worker.text.silent_symbols import silent_symbols


class JobFacts:
    """The facts are computed when they are first read."""

    def __init__(self, job: JobSpec) -> None:
        self._job = job

    def compute_meanwhile(self, segments: Iterable[Segment]) -> Iterator[Segment]:
        """Yield the segments. Compute the facts after the first, while an engine speaks it."""
        remaining = iter(segments)
        yield from islice(remaining, 1)
        _ = self.recipe, self.language_warnings, self.symbol_warnings, self.page_warnings
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

    @cached_property
    def symbol_warnings(self) -> tuple[str, ...]:
        job = self._job
        if job.provider == "stub" or not job.options.normalize:
            return ()
        text = without_ssml_tags(job.text, input_type=job.options.input_type)
        language = job.language or find_voice(job.voice_id, allow_fake=True).languages[0]
        symbols = silent_symbols(text, language=language)
        return (f"These symbols have no name and may be silent: {' '.join(symbols)}",) if symbols else ()

    @cached_property
    def page_warnings(self) -> tuple[str, ...]:
        job = self._job
        if not job.options.clean_pages:
            return ()
        spans = parse_input(job.text, input_type=job.options.input_type).spans
        # SSML has no pages.
        count = sum(count_left_out(job.text[span.start : span.end]) for span in spans if span.runs is None)
        return (f"Lines left out as page numbers or running heads: {count}.",) if count else ()
