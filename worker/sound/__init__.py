"""Mastering: joins the speech of segments into one sound, with equal loudness, pauses and no clicks.

May import `common` only.
"""

from worker.sound.master import Master
from worker.sound.pauses import pause_after_s
from worker.sound.trimming import Trimmed, trim

__all__ = ["Master", "Trimmed", "pause_after_s", "trim"]
