"""What wakes a reader of live audio."""

import asyncio

import pytest

from api.streaming.subscriptions import CLOSED, RESYNC, Notice, WakeSignal
from common.messaging.events import Event


def is_woken(signal: WakeSignal) -> bool:
    async def wait() -> bool:
        asyncio.get_running_loop().call_soon(timer.set)
        waits = asyncio.create_task(signal.wait(timeout_s=60))
        await timer.wait()
        woken = waits.done()
        waits.cancel()
        return woken

    timer = asyncio.Event()
    return asyncio.run(wait())


@pytest.mark.parametrize("notice", [Event("job", "1-0", "completed", {"attempt": 1}), RESYNC, CLOSED])
def test_a_reader_wakes_when_its_job_may_have_ended(notice: Notice) -> None:
    signal = WakeSignal()
    signal.put(notice)
    assert is_woken(signal)
    assert signal.outcome == ({"attempt": 1} if isinstance(notice, Event) else {})


@pytest.mark.parametrize("name", ["queued", "started", "progress", "retrying"])
def test_a_reader_sleeps_while_its_job_goes_on(name: str) -> None:
    signal = WakeSignal()
    signal.put(Event("job", "1-0", name, {}))
    assert not is_woken(signal)
