"""The messages between a worker and its engine processes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.settings import Settings
from tests.support.utterances import utterance
from worker.engines.protocol import DeviceLost, EngineError, OutOfMemory, TooLong, Word
from worker.host.engine_settings import ReceivedSettings
from worker.inference.engine_messages import (
    Cancel,
    Command,
    Done,
    Failed,
    Failure,
    Load,
    MarkOutdated,
    ModelState,
    Report,
    Speak,
    Spoken,
    Start,
    State,
    Unload,
    decode_command,
    decode_report,
    encode,
)

FAILURE = Failure("engine_failed", "It failed.", retryable=True, retry_after_s=2.5, caller_fault=True)
REFUSALS = (ValueError, KeyError, TypeError)
WORD = Word(0, 5, 0.25, 0.5)


@pytest.mark.parametrize(
    "command",
    [
        Start(ReceivedSettings.of(Settings(_env_file=None), device="cuda:1").to_json(), 2),
        Speak(
            1, "hibari", utterance("Grüße, “heron”\n\x00", phonemes=((0, 4, "kæt"),), style="calm"), "bulk"
        ),
        Load(2, "mms_fra"),
        Unload(3, "mms_fra"),
        Cancel(4),
        MarkOutdated("kokoro"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_command_arrives_as_it_was_sent(command: Command) -> None:
    assert decode_command(encode(command)) == command


@pytest.mark.parametrize(
    "report",
    [
        Spoken(1, 17, 24_000, (WORD, WORD)),
        Spoken(1, 17, 24_000, ()),
        Failed(2, FAILURE),
        Done(3, ok=False),
        State({"kokoro": ModelState(True, 5, 8, FAILURE)}, loads=3, unloads=2, device="CPU"),
        State({}, loads=0, unloads=0, device=None),
    ],
    ids=lambda report: type(report).__name__,
)
def test_a_report_arrives_as_it_was_sent(report: Report) -> None:
    assert decode_report(encode(report)) == report


@given(
    text=st.text(st.characters(exclude_categories=["Cs"])),
    # Seeds have 63 bits, and JavaScript's numbers only 53.
    seed=st.integers(0, 2**63 - 1),
    speed=st.floats(0.25, 4.0),
)
def test_no_text_seed_or_speed_changes_on_the_way(text: str, seed: int, speed: float) -> None:
    command = Speak(1, "hibari", utterance(text, seed=seed, speed=speed), "interactive")
    assert decode_command(encode(command)) == command


@pytest.mark.parametrize(
    "error",
    [
        OutOfMemory("mms"),
        TooLong("mms"),
        DeviceLost("mms"),
        EngineError("unspeakable_text", "No.", caller_fault=True),
        EngineError("engine_unavailable", "Later.", retryable=True, retry_after_s=3.0),
    ],
    ids=lambda error: error.code,
)
def test_an_error_keeps_its_class_and_fields(error: EngineError) -> None:
    restored = Failure.of(error).to_error()
    assert type(restored) is type(error)
    assert (restored.args, vars(restored)) == (error.args, vars(error))


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'["Run", {}]', b'["Speak", {"id": 1}]', b'["Done", {"id": 1}]', b"\x80\x04."]
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(REFUSALS):
        decode_command(data)
    with pytest.raises(REFUSALS):
        decode_report(data)


def test_an_engine_process_gets_the_settings_of_its_worker_without_secrets() -> None:
    settings = Settings(_env_file=None, hf_token="hf_secret", engine_timeout_s=7, model_idle_s=8)
    data = encode(Start(ReceivedSettings.of(settings, device="cuda:1").to_json(), 2))
    assert b"secret" not in data
    start = decode_command(data)
    assert isinstance(start, Start)
    received = ReceivedSettings.from_json(start.settings)
    assert (received.device, received.engine_timeout_s, received.model_idle_s) == ("cuda:1", 7, 8)
    assert (received.data_dir, received.models_dir) == (settings.data_dir, settings.models_dir)
