"""Translates errors of torch into OutOfMemory and DeviceLost."""

import gc
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from worker.engines.protocol import DeviceLost, EngineError, OutOfMemory
from worker.host.device import Device

# torch raises plain RuntimeErrors with these words if memory is exhausted or the device is lost.
_OUT_OF_MEMORY_SIGNS = (
    "can't allocate memory",
    "Cannot allocate memory",
    "DefaultCPUAllocator",
    "out of memory",
    "STATUS_ALLOC_FAILED",
)
_DEVICE_LOST_SIGNS = ("CUDA error", "device-side assert", "CUBLAS_STATUS", "CUDNN_STATUS", "CUFFT_")


@contextmanager
def translate_errors(alias: str, device: Device) -> Iterator[None]:
    """Raise OutOfMemory or DeviceLost for errors of the body that mean so. Other errors pass unchanged."""
    try:
        yield
    except EngineError:
        raise
    except Exception as error:
        translated = _translate(error, alias=alias)
        if translated is None:
            raise
        # The frames of the error would keep the tensors of the failed call alive.
        traceback.clear_frames(error.__traceback__)
        if isinstance(translated, OutOfMemory):
            gc.collect()
            device.release_memory()
        # Not chained: the library's error may quote the text, and tracebacks are logged.
        raise translated from None


def _translate(error: Exception, *, alias: str) -> EngineError | None:
    import torch

    chain = list(_error_chain(error))
    if any(isinstance(one, MemoryError | torch.OutOfMemoryError) for one in chain):
        return OutOfMemory(alias)
    # Only these types: the messages of others may quote the text.
    messages = [str(one) for one in chain if isinstance(one, RuntimeError | OSError)]
    if any(sign in message for message in messages for sign in _OUT_OF_MEMORY_SIGNS):
        return OutOfMemory(alias)
    is_lost = any(sign in message for message in messages for sign in _DEVICE_LOST_SIGNS)
    return DeviceLost(alias) if is_lost or isinstance(error, torch.AcceleratorError) else None


def _error_chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and its causes: libraries re-raise some errors with another message."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
