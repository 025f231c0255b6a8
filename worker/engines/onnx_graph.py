"""Adds the phoneme durations inside an ONNX speech model to its outputs, without the `onnx` library.

A non-autoregressive model predicts the number of frames of each phoneme: it rounds the number and clips it to at least
one. Few exports declare this value as an output. But an ONNX file is a protobuf message, and two concatenated protobuf
messages merge into one: https://protobuf.dev/programming-guides/encoding/. So a few bytes appended to the
file declare one more output.
"""

import mmap
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import onnxruntime

# Field numbers of ONNX's protobuf messages (onnx.proto), which never change.
_GRAPH, _NODE, _OUTPUT, _VALUE_NAME = 7, 1, 12, 1
_NODE_INPUT, _NODE_OUTPUT, _NODE_KIND = 1, 2, 4
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5

Buffer = bytes | mmap.mmap


def open_session(path: Path, options: Any) -> tuple[Any, bool]:
    """Return (session, has_hidden_durations): a CPU session, and whether its last output is added durations.

    The durations are frames, one per token. Raises whatever onnxruntime raises.
    """
    name = find_durations(path)
    if name is not None:
        with suppress(Exception), _pipe_with_suffix(path, _encode_output(name)) as address:
            return _session(address, options), True
    return _session(str(path), options), False


def find_durations(path: Path) -> str | None:
    """Return the name of the value that is rounded and then clipped, if there is exactly one."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as model:
            return _find_clipped_value(model)
    except (OSError, ValueError, IndexError):  # an empty file, or not a graph
        return None


def _session(address: str, options: Any) -> Any:
    return onnxruntime.InferenceSession(address, options, providers=["CPUExecutionProvider"])


def _find_clipped_value(model: Buffer) -> str | None:
    rounded: set[str] = set()
    clipped: list[str] = []
    for number, start, end in _iter_fields(model, 0, len(model)):
        if number == _GRAPH:
            for operator, inputs, outputs in _iter_nodes(model, start, end):
                if operator == "Round":
                    rounded.update(outputs)
                elif operator == "Clip" and inputs[0] in rounded:
                    clipped += outputs
    return clipped[0] if len(clipped) == 1 else None


def _iter_nodes(model: Buffer, start: int, end: int) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield (operator, inputs, outputs) of each node. ONNX sorts nodes so that values are computed before use."""
    for number, first, last in _iter_fields(model, start, end):
        if number == _NODE:
            strings: dict[int, list[str]] = {_NODE_INPUT: [], _NODE_OUTPUT: [], _NODE_KIND: []}
            for detail, begin, until in _iter_fields(model, first, last):
                if detail in strings:
                    strings[detail].append(model[begin:until].decode())
            yield strings[_NODE_KIND][0], strings[_NODE_INPUT], strings[_NODE_OUTPUT]


def _iter_fields(model: Buffer, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield (number, start, end) of each length-delimited field. Raises ValueError or IndexError for other data."""
    while start < end:
        key, start = _read_varint(model, start)
        if key & 7 == _VARINT:
            _, start = _read_varint(model, start)
        elif key & 7 == _BYTES:
            size, start = _read_varint(model, start)
            yield key >> 3, start, start + size
            start += size
        elif key & 7 in (_EIGHT_BYTES, _FOUR_BYTES):
            start += 8 if key & 7 == _EIGHT_BYTES else 4
        else:
            raise ValueError("not a protobuf message")


def _read_varint(model: Buffer, at: int) -> tuple[int, int]:
    """Return (value, end): varints hold seven bits per byte, the lowest first."""
    value = shift = 0
    while True:
        byte = model[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _encode_output(name: str) -> bytes:
    return _encode_field(_GRAPH, _encode_field(_OUTPUT, _encode_field(_VALUE_NAME, name.encode())))


def _encode_field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | _BYTES]) + _encode_varint(len(content)) + content


def _encode_varint(size: int) -> bytes:
    low = size & 0x7F
    return bytes([low]) if size < 0x80 else bytes([low | 0x80]) + _encode_varint(size >> 7)


@contextmanager
def _pipe_with_suffix(path: Path, suffix: bytes) -> Iterator[str]:
    """Yield a path from which the file can be read with `suffix` appended.

    The path is a pipe. If onnxruntime got the model as bytes, it would keep a second copy as long as the session lives.
    """
    read_fd, write_fd = os.pipe()
    writer = Thread(target=_write_to_pipe, args=(path, suffix, write_fd), daemon=True)
    writer.start()
    try:
        yield f"/dev/fd/{read_fd}"
    finally:
        # If the reader stopped early, closing its end makes the writer stop.
        os.close(read_fd)
        writer.join()


def _write_to_pipe(path: Path, suffix: bytes, write_fd: int) -> None:
    with suppress(OSError), open(write_fd, "wb") as out, path.open("rb") as file:  # a descriptor
        shutil.copyfileobj(file, out)
        out.write(suffix)
