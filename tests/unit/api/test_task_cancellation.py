"""Cancelling tasks, including those that swallow a cancellation."""

import asyncio
from contextlib import suppress

import pytest

from api.streaming.task_cancellation import cancel_and_wait


async def lose_one_cancellation() -> None:
    """Lose one cancellation, as Redis commands do on Python 3.11."""
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    await asyncio.Event().wait()


async def fail() -> None:
    await asyncio.sleep(0)
    raise RuntimeError("ignored")


def test_a_task_that_loses_a_cancellation_is_cancelled_again() -> None:
    async def run() -> list[bool]:
        tasks = [
            asyncio.ensure_future(work()) for work in (lose_one_cancellation, lose_one_cancellation, fail)
        ]
        await asyncio.sleep(0.01)
        async with asyncio.timeout(10):
            await cancel_and_wait(*tasks)
        return [task.cancelled() for task in tasks]

    assert asyncio.run(run()) == [True, True, False]


def test_a_finished_task_keeps_its_result() -> None:
    async def run() -> int:
        async with asyncio.timeout(10):
            done = asyncio.ensure_future(asyncio.sleep(0, 7))
            await done
            await cancel_and_wait(done)
            await cancel_and_wait()
        return done.result()

    assert asyncio.run(run()) == 7


def test_waiting_for_cancelled_tasks_can_be_cancelled() -> None:
    async def stubborn() -> None:
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)
            if over:
                return

    over: list[bool] = []

    async def run() -> None:
        task = asyncio.ensure_future(stubborn())
        cancelling = asyncio.ensure_future(cancel_and_wait(task))
        await asyncio.sleep(0.05)
        cancelling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelling
        over.append(True)
        await task

    asyncio.run(run())
