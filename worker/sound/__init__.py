"""Mastering: from the speech of segments to the sound of a job, equally loud, without clicks, with natural pauses."""

from worker.sound.master import Master
from worker.sound.pauses import pause_after_s
from worker.sound.trimming import Trimmed, trim

__all__ = ["Master", "Trimmed", "pause_after_s", "trim"]
