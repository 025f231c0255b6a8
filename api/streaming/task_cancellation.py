"""Ending tasks that may not heed the first word."""

import asyncio
from typing import Any

# Time enough to tidy up.
RETRY_AFTER_S = 0.25


async def cancel_and_wait(*tasks: "asyncio.Future[Any]") -> None:
    """Cancel them and wait until they are over, whatever they raise.

    Before Python 3.12, `asyncio.wait_for` loses a cancellation that comes as its future is done, and the client of
    Redis uses it for everything that it sends: so it is said again until it was heard.
    """
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=RETRY_AFTER_S)
    await asyncio.gather(*tasks, return_exceptions=True)
