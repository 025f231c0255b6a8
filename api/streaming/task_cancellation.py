"""Cancel tasks that may swallow a cancellation."""

import asyncio
from typing import Any

# Tasks have this long to clean up before they are cancelled again.
RETRY_AFTER_S = 0.25


async def cancel_and_wait(*tasks: "asyncio.Future[Any]") -> None:
    """Cancel tasks and wait until they end. Their exceptions are ignored.

    Before Python 3.12, `asyncio.wait_for` loses a cancellation that arrives while its future completes, and the Redis
    client uses it for every command. Therefore tasks are cancelled repeatedly until they end.
    """
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=RETRY_AFTER_S)
    await asyncio.gather(*tasks, return_exceptions=True)
