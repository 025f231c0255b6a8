"""Tells a sweep whether expired leases mean anything, or whether everything stood still until just now."""

# A sweep that always comes late trusts the leases nevertheless, once in so many leases. Lost work must not stay lost.
MAX_WAIT_LEASES = 3


class StallDetector:
    """Finds gaps in the database's clock between two sweeps.

    A lease of a living worker expires when nobody can renew it: the database is frozen, the machine is suspended, or
    the clock is set forward. Each of them is a gap in this clock, by which leases expire. A monotonic clock would not
    do, because it stops while the machine is suspended. After a gap, and at the start, every worker gets the time of a
    whole lease to renew its leases and its heartbeat.
    """

    def __init__(self, *, every_s: float, lease_s: float) -> None:
        self._lease_s = lease_s
        # A shorter stall costs no lease, because it is renewed when two thirds of it are left.
        self._max_gap_s = every_s + lease_s / 3
        self._max_wait = MAX_WAIT_LEASES * lease_s / every_s
        self._last: float | None = None
        self._steady_since = 0.0
        self._waited = 0

    def is_after_stall(self, now: float) -> bool:
        """Record a sweep at `now`, by the database's clock. True if expired leases prove nothing yet."""
        last, self._last = self._last, now
        if last is None or not 0 <= now - last <= self._max_gap_s:
            self._steady_since = now
        self._waited += 1
        if now - self._steady_since < self._lease_s and self._waited <= self._max_wait:
            return True
        self._waited = 0
        return False
