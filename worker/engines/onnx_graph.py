"""How long each phoneme is said, from inside of a speech model's graph, without the library that edits such graphs.

A model that speaks in one go predicts how many frames each of its phonemes takes: it rounds that to whole ones, and
clips it to one at least. Few exports tell it. But a graph is a protobuf message, of which two in a row mean what both
say together: a few bytes behind a file name one more output.
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

# Numbers of fields in onnx's messages, which never change.
_GRAPH, _NODE, _OUTPUT, _VALUE_NAME = 7, 1, 12, 1
_NODE_INPUT, _NODE_OUTPUT, _NODE_KIND = 1, 2, 4
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5

Buffer = bytes | mmap.mmap


def open_session(path: Path, options: Any) -> tuple[Any, bool]:
    """A session on the CPU, and whether durations, one for each token, are its last output, beyond those declared.

    Raises whatever onnxruntime raises.
    """
    name = find_durations(path)
    if name is not None:
        with suppress(Exception), _pipe_with_suffix(path, _encode_output(name)) as address:
            return _session(address, options), True
    return _session(str(path), options), False


def find_durations(path: Path) -> str | None:
    """The name of the only value that is rounded and clipped, if one is."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as model:
            return _find_clipped_value(model)
    except (OSError, ValueError, IndexError):  # an empty file, or what is no graph
        return None


def _session(address: str, options: Any) -> Any:
    return onnxruntime.InferenceSession(address, options, providers=["CPUExecutionProvider"])


def _find_clipped_value(model: Buffer) -> str | None:
    rounded: set[str] = set()
    clipped: list[str] = []
    for number, start, end in _iter_fields(model, 0, len(model)):
        if number == _GRAPH:
            for kind, taken, given in _iter_nodes(model, start, end):
                if kind == "Round":
                    rounded.update(given)
                elif kind == "Clip" and taken[0] in rounded:
                    clipped += given
    return clipped[0] if len(clipped) == 1 else None


def _iter_nodes(model: Buffer, start: int, end: int) -> Iterator[tuple[str, list[str], list[str]]]:
    """Kind, inputs and outputs of each, in an order in which a value is made before it is used."""
    for number, first, last in _iter_fields(model, start, end):
        if number == _NODE:
            strings: dict[int, list[str]] = {_NODE_INPUT: [], _NODE_OUTPUT: [], _NODE_KIND: []}
            for detail, begin, until in _iter_fields(model, first, last):
                if detail in strings:
                    strings[detail].append(model[begin:until].decode())
            yield strings[_NODE_KIND][0], strings[_NODE_INPUT], strings[_NODE_OUTPUT]


def _iter_fields(model: Buffer, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(number, start, end) of a message's fields of bytes. Raises ValueError or IndexError for what is no message."""
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
            raise ValueError("no protobuf message")


def _read_varint(model: Buffer, at: int) -> tuple[int, int]:
    """Seven bits a byte, the lowest first; the value and where it ends."""
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
    """An address where the file is read with more bytes behind it.

    It is a pipe: given the model as bytes, onnxruntime would hold it a second time for as long as the session lives.
    """
    read_fd, write_fd = os.pipe()
    writer = Thread(target=_write_to_pipe, args=(path, suffix, write_fd), daemon=True)
    writer.start()
    try:
        yield f"/dev/fd/{read_fd}"
    finally:
        # Who has not read all of it lets the feeder go.
        os.close(read_fd)
        writer.join()


def _write_to_pipe(path: Path, suffix: bytes, write_fd: int) -> None:
    with suppress(OSError), open(write_fd, "wb") as out, path.open("rb") as file:  # a descriptor
        shutil.copyfileobj(file, out)
        out.write(suffix)
