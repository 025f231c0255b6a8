"""What every engine promises, held against all that this environment has, on tiny models of the real classes."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from common.catalogue import MODELS
from tests.support import tiny_models
from tests.support.utterances import HERON, settings_of, utterance
from tests.support.waiting import wait_for
from worker.engines import available_aliases, create
from worker.engines.protocol import ANY_VOICE, Engine, EngineError, Speech, TooLong, Utterance
from worker.inference.batcher import Batcher
from worker.inference.model_cache import Shelf

LONG_S = 60.0
EVENING = "Good evening, said the heron."
BOAT = "A small boat went past."


def _build_kokoro(root: Path) -> None:
    from tests.support.tiny_kokoro import build_kokoro

    build_kokoro(root)


@dataclass(frozen=True)
class Case:
    """`draws`: its sound depends on the seed; `shares_generator`: with whatever else is in a batch.

    `grows`: its model makes more sound of more text. `steady` builds a model that draws nothing; what is compared then
    are `together`, but for `ragged` samples at the end of a sound, where a vocoder hears the padding behind it.
    """

    key: str
    voice: str
    build: Callable[[Path], Any] | None = None
    draws: bool = False
    shares_generator: bool = False
    grows: bool = True
    too_long: str = ""
    unspeakable: str = "😀"
    together: tuple[str, ...] = (HERON, EVENING)
    ragged: int = 0

    @property
    def alias(self) -> str:
        return self.key.partition("_")[0]


CASES = (
    Case("hibari", "heart", draws=True),
    Case("stub", ANY_VOICE, unspeakable=""),
    Case("fake", ANY_VOICE, unspeakable=""),
    Case("kokoro", "af_heart", _build_kokoro),
    Case(
        "mms_eng",
        "eng",
        tiny_models.build_mms,
        draws=True,
        shares_generator=True,
        together=(HERON, BOAT, EVENING),
        ragged=1024,
    ),
    # A sound goes on here for as long as the longest text of a batch may take, so these are of one length.
    Case(
        "speecht5",
        "slt",
        tiny_models.build_speecht5,
        draws=True,
        shares_generator=True,
        too_long="word " * 200,
    ),
    Case(
        "bark",
        "v2/en_speaker_6",
        tiny_models.build_bark,
        draws=True,
        shares_generator=True,
        grows=False,
        too_long="a " * 300,
        together=(HERON, BOAT, EVENING),
    ),
    # It counts the padding before a shorter text as places, so these are of one length.
    Case(
        "parler",
        "Laura",
        tiny_models.build_parler,
        draws=True,
        shares_generator=True,
        grows=False,
        too_long="a " * 1000,
    ),
)
# The tiny Kokoro is made with onnx, which is not in every environment that has the engine.
_UNBUILDABLE = set() if find_spec("onnx") else {"kokoro"}
_AVAILABLE = {*available_aliases(settings_of(Path(), fake_engine=True))} - _UNBUILDABLE
HERE = [case for case in CASES if case.alias in _AVAILABLE]
TORCH = [case for case in HERE if case.shares_generator]


def made(case: Case, root: Path) -> Engine:
    return create(case.key, settings_of(root, fake_engine=True))


def say(engine: Engine, case: Case, *texts: str, **changes: Any) -> list[Any]:
    batch = [utterance(text, voice=case.voice, **changes) for text in texts]
    return [speech.samples for speech in engine.speak(batch)]


@pytest.fixture(scope="module", params=HERE, ids=lambda case: case.key)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture(scope="module")
def root(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp(case.key)
    if case.build:
        case.build(root)
    return root


@pytest.fixture(scope="module")
def engine(case: Case, root: Path) -> Iterator[Engine]:
    engine = made(case, root)
    engine.load()
    yield engine
    engine.close()


def test_speaks_float32_mono_at_the_rate_of_the_catalogue(case: Case, engine: Engine) -> None:
    (speech,) = engine.speak([utterance(voice=case.voice)])
    assert speech.samples.dtype == np.float32
    assert speech.samples.ndim == 1
    assert 0.01 < np.abs(speech.samples).max() <= 1.0
    if case.alias in MODELS:
        assert speech.sample_rate_hz == MODELS[case.alias].sample_rate_hz


def test_length_is_sane_and_grows_with_the_text(case: Case, engine: Engine) -> None:
    (speech,) = engine.speak([utterance(voice=case.voice)])
    assert 0.2 < len(speech.samples) / speech.sample_rate_hz < 10
    (longer,) = say(engine, case, f"{HERON} {HERON} {HERON}")
    assert len(longer) > len(speech.samples) or not case.grows


def test_the_seed_decides_what_is_drawn(case: Case, engine: Engine) -> None:
    first, again, other = (say(engine, case, HERON, seed=seed)[0] for seed in (11, 11, 12))
    assert np.array_equal(first, again)
    assert np.array_equal(first, other) is not case.draws


def test_speed_where_it_is_native(case: Case, engine: Engine) -> None:
    slow, fast = (say(engine, case, HERON, speed=speed)[0] for speed in (0.5, 2.0))
    if engine.native_speed is None:
        assert np.array_equal(slow, fast)
    else:
        assert len(slow) > 2 * len(fast)


def test_words_are_in_order_within_text_and_sound(case: Case, engine: Engine) -> None:
    (speech,) = engine.speak([utterance(f"{HERON} {EVENING}", voice=case.voice)])
    at, moment_s = 0, 0.0
    for word in speech.words:
        assert at <= word.start < word.end <= len(f"{HERON} {EVENING}")
        assert moment_s <= word.start_s < word.end_s
        at, moment_s = word.end, word.end_s
    assert moment_s <= len(speech.samples) / speech.sample_rate_hz


def test_phonemes_are_said_or_passed_over(case: Case, engine: Engine) -> None:
    plain, given = (say(engine, case, HERON, phonemes=spans)[0] for spans in ((), ((0, 4, "kat"),)))
    assert np.array_equal(plain, given) is not engine.takes_phonemes


def test_answers_one_speech_per_utterance(case: Case, engine: Engine) -> None:
    assert len(say(engine, case, *(f"Heron, {'a' * number}." for number in range(engine.max_batch)))) == (
        engine.max_batch
    )


def test_knows_its_limits_and_voices(case: Case, root: Path, engine: Engine) -> None:
    assert engine.alias == case.alias
    assert engine.max_chars > 100
    assert engine.max_batch >= 1
    assert engine.timeout_factor >= 1.0
    assert {case.voice, ANY_VOICE} & set(engine.voices())
    # So does one that was never loaded.
    assert made(case, root).voices() == engine.voices()


def test_a_seed_that_was_given_is_spoken_alone_where_a_batch_would_change_it(
    case: Case, engine: Engine
) -> None:
    key = engine.batch_key(utterance(voice=case.voice))
    assert (key is None) is case.shares_generator
    free = [engine.batch_key(utterance(text, voice=case.voice, seed_given=False)) for text in (HERON, BOAT)]
    assert free[0] is not None
    assert free[0] == free[1]


def test_a_text_without_words_is_the_callers_fault(case: Case, engine: Engine) -> None:
    if not case.unspeakable:
        assert say(engine, case, "😀")
        return
    with pytest.raises(EngineError) as caught:
        say(engine, case, case.unspeakable)
    assert (caught.value.code, caught.value.caller_fault) == ("unspeakable_text", True)
    assert case.unspeakable not in caught.value.message


def test_too_long_a_text_may_be_spoken_in_halves(case: Case, engine: Engine) -> None:
    text = HERON * (engine.max_chars // len(HERON))
    assert len(text) <= engine.max_chars
    assert say(engine, case, text)
    if case.too_long:
        with pytest.raises(TooLong) as caught:
            say(engine, case, case.too_long)
        assert caught.value.caller_fault


def test_load_and_close_in_turn(case: Case, root: Path, engine: Engine) -> None:
    expected = say(engine, case, HERON)[0]
    other = made(case, root)
    other.close()
    for _ in range(3):
        other.load()
        assert np.array_equal(say(other, case, HERON)[0], expected)
        other.close()


def test_memory_is_told_before_and_after_loading(case: Case, root: Path) -> None:
    engine = made(case, root)
    before = engine.memory_bytes()
    engine.load()
    loaded = engine.memory_bytes()
    engine.close()
    if case.build:
        assert before > 0
        assert loaded > 0
    assert before >= 0 <= loaded


class _Watched:
    """The engine, with its calls written down, and held at a gate."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.gate = threading.Event()
        self.heard: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        self.heard += [one.text for one in batch]
        assert self.gate.wait(LONG_S)
        return self._engine.speak(batch)


def test_what_was_cancelled_is_never_spoken(case: Case, root: Path, engine: Engine) -> None:
    # Beforehand: two threads must not draw from one generator.
    before, after = (say(engine, case, text)[0] for text in (HERON, EVENING))
    watched = _Watched(made(case, root))
    batcher = Batcher(Shelf(budget_bytes=1 << 40), deadline_s=LONG_S)
    texts = [HERON, BOAT, EVENING]
    first, *rest = (utterance(text, voice=case.voice) for text in texts)
    try:
        busy = batcher.submit([watched], first, first=True)
        wait_for(lambda: watched.heard, interval_s=0.005)
        cancelled, wanted = (batcher.submit([watched], one, first=False) for one in rest)
        assert cancelled.cancel()
        watched.gate.set()
        assert np.array_equal(busy.result(LONG_S).samples, before)
        assert np.array_equal(wanted.result(LONG_S).samples, after)
        with pytest.raises(CancelledError):
            cancelled.result(LONG_S)
        assert watched.heard == [HERON, EVENING]
    finally:
        watched.gate.set()
        batcher.close(timeout_s=LONG_S)


@pytest.mark.parametrize("one", TORCH, ids=lambda case: case.key)
def test_a_batch_is_what_single_calls_are_where_nothing_is_drawn(one: Case, tmp_path: Path) -> None:
    """To 1e-4 of full scale: sums are made in another order."""
    assert one.build is not None
    one.build(tmp_path, steady=True)
    engine = made(one, tmp_path)
    engine.load()
    singles = [say(engine, one, text, seed=number)[0] for number, text in enumerate(one.together)]
    for single, batched in zip(singles, say(engine, one, *one.together, seed=9), strict=True):
        assert len(single) == len(batched)
        upto = len(single) - one.ragged
        assert np.allclose(single[:upto], batched[:upto], rtol=0.0, atol=1e-4)
    # Or one in the place of another would not be noticed.
    shortest = min(map(len, singles))
    assert np.abs(singles[0][:shortest] - singles[-1][:shortest]).max() > 1e-3
