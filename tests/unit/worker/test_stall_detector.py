"""After a gap between two sweeps, expired leases prove nothing for the time of a lease."""

import pytest

from worker.ops.stall_detector import MAX_WAIT_LEASES, StallDetector

EVERY_S, LEASE_S = 5.0, 30.0


def detector_after(*moments: float) -> StallDetector:
    detector = StallDetector(every_s=EVERY_S, lease_s=LEASE_S)
    for moment in moments:
        detector.is_after_stall(moment)
    return detector


def steady(start: float = 0.0, *, until: float = LEASE_S) -> list[float]:
    return [start + EVERY_S * number for number in range(int(until / EVERY_S) + 1)]


def test_a_process_that_has_just_started_waits_for_a_lease() -> None:
    detector = detector_after()
    assert [detector.is_after_stall(now) for now in steady()] == [True] * 6 + [False]


@pytest.mark.parametrize(
    "gap_s",
    [
        pytest.param(45.0, id="frozen database"),
        pytest.param(8 * 3600.0, id="suspended machine"),
        pytest.param(-3600.0, id="clock set back"),
    ],
)
def test_a_gap_starts_the_wait_anew(gap_s: float) -> None:
    detector = detector_after(*steady())
    resumed_at = LEASE_S + gap_s
    assert [detector.is_after_stall(now) for now in steady(resumed_at)] == [True] * 6 + [False]


def test_a_late_sweep_within_a_third_of_a_lease_is_no_gap() -> None:
    detector = detector_after(*steady())
    assert not detector.is_after_stall(LEASE_S + EVERY_S + LEASE_S / 3)


def test_sweeps_that_always_come_late_release_sometimes() -> None:
    detector = detector_after()
    sweeps = int(4 * MAX_WAIT_LEASES * LEASE_S / EVERY_S)
    answers = [detector.is_after_stall(LEASE_S * number) for number in range(sweeps)]
    assert answers.count(False) == 3
