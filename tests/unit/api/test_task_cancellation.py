"""Tasks are over when they were ended, whether they heard it at once or not."""

import asyncio
from contextlib import suppress

import pytest

from api.streaming.task_cancellation import cancel_and_wait


async def loses_one() -> None:
    """As where Redis is written to on Python 3.11."""
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    await asyncio.Event().wait()


async def fails() -> None:
    await asyncio.sleep(0)
    raise RuntimeError("nobody wants to know")


def test_who_does_not_hear_it_is_told_again() -> None:
    async def run() -> list[bool]:
        tasks = [asyncio.ensure_future(work()) for work in (loses_one, loses_one, fails)]
        await asyncio.sleep(0.01)
        async with asyncio.timeout(10):
            await cancel_and_wait(*tasks)
        return [task.cancelled() for task in tasks]

    assert asyncio.run(run()) == [True, True, False]


def test_what_was_over_stays_as_it_was() -> None:
    async def run() -> int:
        async with asyncio.timeout(10):
            done = asyncio.ensure_future(asyncio.sleep(0, 7))
            await done
            await cancel_and_wait(done)
            await cancel_and_wait()
        return done.result()

    assert asyncio.run(run()) == 7


def test_who_ends_others_can_be_ended() -> None:
    async def stubborn() -> None:
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)
            if over:
                return

    over: list[bool] = []

    async def run() -> None:
        task = asyncio.ensure_future(stubborn())
        ending = asyncio.ensure_future(cancel_and_wait(task))
        await asyncio.sleep(0.05)
        ending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ending
        over.append(True)
        await task

    asyncio.run(run())
