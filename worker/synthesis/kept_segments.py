"""Keeps the finished segments of a job, so that the next attempt does not speak them again.

They are kept on this machine at once, and those of a long job in the store every few seconds. A file of the store holds
the segments of a few seconds of work, in the format of partial audio. The row of the part names the files, and only the
current attempt can write it. Losing a file costs time, no sound: its segments are spoken again.
"""

import math
import time
from collections.abc import Callable, Iterator
from heapq import merge
from pathlib import Path
from typing import IO

from common.jobs.kept_audio import NOTHING_KEPT, KeptAudio
from common.jobs.lease import ClaimedPart
from common.logs import get_logger
from common.store import Store, is_full, kept_audio_key
from worker.host.spools import open_spool
from worker.runtime.store_wait import copy_from_store
from worker.synthesis.job_facts import JobFacts
from worker.synthesis.local_segments import LocalSegments
from worker.synthesis.partial_audio import read_partial, write_partial
from worker.synthesis.segment_synthesis import SynthesizedSegment
from worker.synthesis.segmentation import Segment

log = get_logger(__name__)

# Nothing of shorter texts is stored. This is about a minute of speech.
MIN_CHARS = 1000
# How often segments are stored. An attempt that is shorter than this stores none.
KEEP_EVERY_S = 3.0
# After a failure of the store, segments are not kept for this long. Each try may take half a minute.
TRY_AGAIN_S = 60.0
# Keys have four digits.
MAX_FILES = 10_000


class KeptSegments:
    """The finished segments of this attempt and of those before it.

    `write` writes the row. It returns False if the lease is lost.
    """

    def __init__(
        self,
        part: ClaimedPart,
        *,
        store: Store,
        data_dir: Path,
        write: Callable[[KeptAudio], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._part = part
        self._store = store
        self._data_dir = data_dir
        self._write = write
        self._clock = clock
        self._kept = part.kept_audio
        self._file_count = 0
        # Finished segments that are not stored yet.
        self._unstored: list[SynthesizedSegment] = []
        self._store_at = clock() + KEEP_EVERY_S
        self._paused_until = -math.inf if len(part.job.text) >= MIN_CHARS else math.inf
        self._facts = JobFacts(part.job)
        self._local = LocalSegments(
            data_dir, part_id=part.part_id, attempt=part.attempt, recipe=lambda: self._facts.recipe
        )
        self._keeps_locally = True
        self._earlier = self._read_earlier()
        self._next: SynthesizedSegment | None = None

    def find(self, segment: Segment) -> SynthesizedSegment | None:
        """The speech of a segment, if an earlier attempt has kept it. Call this in the order of the text.

        Raises StoreUnavailable.
        """
        while self._next is None or self._next.segment.index < segment.index:
            self._next = next(self._earlier, None)
            if self._next is None:
                return None
        return self._next if self._next.segment == segment else None

    def add(self, spoken: SynthesizedSegment) -> None:
        """Keep a segment that this attempt has spoken."""
        self._keep_locally(spoken)
        now = self._clock()
        if now < self._paused_until:
            return
        self._unstored.append(spoken)
        if now >= self._store_at:
            self._flush()

    def end_attempt(self) -> None:
        """Another attempt follows: if the job is a long one, store what is left."""
        if self._kept.file_counts:
            self._flush()

    def delete(self) -> None:
        """Delete all files. The job has ended, or goes on with another voice."""
        self._local.delete()
        if keys := self._kept.keys(self._part.job.id):
            self._kept = NOTHING_KEPT
            self._delete_files(keys)

    def give_up(self) -> None:
        """Make room on a full disk: delete all files, and keep nothing more in this attempt."""
        self._paused_until = math.inf
        self._keeps_locally = False
        self._unstored.clear()
        self._local.delete()
        if self._kept.file_counts:
            self.delete()
            self._write(NOTHING_KEPT)

    def _keep_locally(self, spoken: SynthesizedSegment) -> None:
        if not self._keeps_locally:
            return
        try:
            self._local.add(spoken)
        except OSError as error:
            log.warning("segments are not kept on this machine", error=type(error).__name__)
            self._keeps_locally = False
            self._local.delete()

    def _flush(self) -> None:
        segments, self._unstored = self._unstored, []
        self._store_at = self._clock() + KEEP_EVERY_S
        if not segments or self._file_count == MAX_FILES:
            return
        key = kept_audio_key(self._part.job.id, attempt=self._part.attempt, number=self._file_count)
        try:
            with open_spool(self._data_dir) as spool:
                write_partial(segments, spool)
                self._store.put(key, spool, durable=False)
        except OSError as error:
            log.warning("segments were not kept", segments=len(segments), error=type(error).__name__)
            self._paused_until = self._clock() + TRY_AGAIN_S
            if is_full(error):
                self.give_up()
            return
        self._file_count += 1
        self._name_files(key)

    def _name_files(self, newest_key: str) -> None:
        usable = self._kept if self._kept.recipe == self._facts.recipe else KeptAudio(self._facts.recipe, {})
        kept = usable.with_files(attempt=self._part.attempt, count=self._file_count)
        if self._write(kept):
            self._kept = kept
            self._local.clear()
        else:
            self._delete_files([newest_key])

    def _read_earlier(self) -> Iterator[SynthesizedSegment]:
        """Yield the segments that earlier attempts have kept, in the order of the text."""
        return merge(self._read_stored(), self._local.read_earlier(), key=lambda spoken: spoken.segment.index)

    def _read_stored(self) -> Iterator[SynthesizedSegment]:
        """Yield the segments that earlier attempts have stored, without those of damaged or missing files."""
        kept = self._part.kept_audio
        if not kept.file_counts or kept.recipe != self._facts.recipe:
            return
        for key in kept.keys(self._part.job.id):
            try:
                with self._fetch(key) as file:
                    yield from read_partial(file)
            except (FileNotFoundError, ValueError) as error:
                log.warning("a file of kept segments is not usable", key=key, error=type(error).__name__)

    def _fetch(self, key: str) -> IO[bytes]:
        spool = open_spool(self._data_dir)
        try:
            copy_from_store(self._store, key, spool)
        except BaseException:
            spool.close()
            raise
        return spool

    def _delete_files(self, keys: list[str]) -> None:
        try:
            self._store.delete(keys)
        except OSError as error:
            # The cleanup deletes them when the job has ended.
            log.warning("files remain for the cleanup", files=len(keys), error=type(error).__name__)
