"""The engine protocol, tested with all engines of this environment on tiny models of the real classes."""

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
from worker.inference.model_cache import ModelCache

LONG_S = 60.0
EVENING = "Good evening, said the heron."
BOAT = "A small boat went past."


def _build_kokoro(root: Path) -> None:
    from tests.support.tiny_kokoro import build_kokoro

    build_kokoro(root)


@dataclass(frozen=True)
class Case:
    """An engine under test.

    `draws`: the samples depend on the seed. `shares_generator`: they also depend on the rest of the batch. `grows`: a
    longer text gives a longer sound. `together` are the texts for the comparison of a batch with single calls on a
    `steady` model. It ignores the last `ragged` samples, which the vocoder computes from padding.
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
    # The tiny model speaks as long as the longest text of the batch allows, so the texts have the same length.
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
    # The model counts the padding before a shorter text as positions, so the texts have the same length.
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
# Building the tiny Kokoro needs onnx, which not every environment with the engine has.
_UNBUILDABLE = set() if find_spec("onnx") else {"kokoro"}
_AVAILABLE = {*available_aliases(settings_of(Path(), fake_engine=True))} - _UNBUILDABLE
AVAILABLE_CASES = [case for case in CASES if case.alias in _AVAILABLE]
TORCH_CASES = [case for case in AVAILABLE_CASES if case.shares_generator]


def create_engine(case: Case, root: Path) -> Engine:
    return create(case.key, settings_of(root, fake_engine=True))


def speak(engine: Engine, case: Case, *texts: str, **changes: Any) -> list[Any]:
    batch = [utterance(text, voice=case.voice, **changes) for text in texts]
    return [speech.samples for speech in engine.speak(batch)]


@pytest.fixture(scope="module", params=AVAILABLE_CASES, ids=lambda case: case.key)
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
    engine = create_engine(case, root)
    engine.load()
    yield engine
    engine.close()


def test_samples_are_float32_mono_at_the_rate_of_the_catalogue(case: Case, engine: Engine) -> None:
    (speech,) = engine.speak([utterance(voice=case.voice)])
    assert speech.samples.dtype == np.float32
    assert speech.samples.ndim == 1
    assert 0.01 < np.abs(speech.samples).max() <= 1.0
    if case.alias in MODELS:
        assert speech.sample_rate_hz == MODELS[case.alias].sample_rate_hz


def test_the_duration_grows_with_the_text(case: Case, engine: Engine) -> None:
    (speech,) = engine.speak([utterance(voice=case.voice)])
    assert 0.2 < len(speech.samples) / speech.sample_rate_hz < 10
    (longer,) = speak(engine, case, f"{HERON} {HERON} {HERON}")
    assert len(longer) > len(speech.samples) or not case.grows


def test_the_seed_decides_the_samples(case: Case, engine: Engine) -> None:
    first, again, other = (speak(engine, case, HERON, seed=seed)[0] for seed in (11, 11, 12))
    assert np.array_equal(first, again)
    assert np.array_equal(first, other) is not case.draws


def test_speed_changes_the_sound_only_if_it_is_native(case: Case, engine: Engine) -> None:
    slow, fast = (speak(engine, case, HERON, speed=speed)[0] for speed in (0.5, 2.0))
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


def test_phonemes_are_spoken_or_ignored(case: Case, engine: Engine) -> None:
    plain, given = (speak(engine, case, HERON, phonemes=spans)[0] for spans in ((), ((0, 4, "kat"),)))
    assert np.array_equal(plain, given) is not engine.takes_phonemes


def test_returns_one_speech_per_utterance(case: Case, engine: Engine) -> None:
    assert len(speak(engine, case, *(f"Heron, {'a' * number}." for number in range(engine.max_batch)))) == (
        engine.max_batch
    )


def test_reports_limits_and_voices(case: Case, root: Path, engine: Engine) -> None:
    assert engine.alias == case.alias
    assert engine.max_chars > 100
    assert engine.max_batch >= 1
    assert engine.timeout_factor >= 1.0
    assert {case.voice, ANY_VOICE} & set(engine.voices())
    # An engine that was never loaded reports the same voices.
    assert create_engine(case, root).voices() == engine.voices()


def test_a_given_seed_runs_alone_if_a_batch_would_change_it(case: Case, engine: Engine) -> None:
    key = engine.batch_key(utterance(voice=case.voice))
    assert (key is None) is case.shares_generator
    free = [engine.batch_key(utterance(text, voice=case.voice, seed_given=False)) for text in (HERON, BOAT)]
    assert free[0] is not None
    assert free[0] == free[1]


def test_a_text_without_words_is_a_caller_fault(case: Case, engine: Engine) -> None:
    if not case.unspeakable:
        assert speak(engine, case, "😀")
        return
    with pytest.raises(EngineError) as caught:
        speak(engine, case, case.unspeakable)
    assert (caught.value.code, caught.value.caller_fault) == ("unspeakable_text", True)
    assert case.unspeakable not in caught.value.message


def test_a_too_long_text_raises_too_long(case: Case, engine: Engine) -> None:
    text = HERON * (engine.max_chars // len(HERON))
    assert len(text) <= engine.max_chars
    assert speak(engine, case, text)
    if case.too_long:
        with pytest.raises(TooLong) as caught:
            speak(engine, case, case.too_long)
        assert caught.value.caller_fault


def test_load_and_close_can_be_repeated(case: Case, root: Path, engine: Engine) -> None:
    expected = speak(engine, case, HERON)[0]
    other = create_engine(case, root)
    other.close()
    for _ in range(3):
        other.load()
        assert np.array_equal(speak(other, case, HERON)[0], expected)
        other.close()


def test_memory_is_reported_before_and_after_loading(case: Case, root: Path) -> None:
    engine = create_engine(case, root)
    before = engine.memory_bytes()
    engine.load()
    loaded = engine.memory_bytes()
    engine.close()
    if case.build:
        assert before > 0
        assert loaded > 0
    assert before >= 0 <= loaded


class _BlockedEngine:
    """Wraps an engine: it records the texts and blocks every call until `released` is set."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.released = threading.Event()
        self.spoken_texts: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        self.spoken_texts += [one.text for one in batch]
        assert self.released.wait(LONG_S)
        return self._engine.speak(batch)


def test_a_cancelled_utterance_is_never_spoken(case: Case, root: Path, engine: Engine) -> None:
    # Computed first, because two threads must not use the random generator at the same time.
    before, after = (speak(engine, case, text)[0] for text in (HERON, EVENING))
    watched = _BlockedEngine(create_engine(case, root))
    batcher = Batcher(ModelCache(budget_bytes=1 << 40), call_timeout_s=LONG_S)
    texts = [HERON, BOAT, EVENING]
    busy_utterance, *waiting = (utterance(text, voice=case.voice) for text in texts)
    try:
        busy = batcher.submit(watched, busy_utterance)
        wait_for(lambda: watched.spoken_texts, interval_s=0.005)
        cancelled, wanted = (batcher.submit(watched, one) for one in waiting)
        assert cancelled.cancel()
        watched.released.set()
        assert np.array_equal(busy.result(LONG_S).samples, before)
        assert np.array_equal(wanted.result(LONG_S).samples, after)
        with pytest.raises(CancelledError):
            cancelled.result(LONG_S)
        assert watched.spoken_texts == [HERON, EVENING]
    finally:
        watched.released.set()
        batcher.close(timeout_s=LONG_S)


@pytest.mark.parametrize("one", TORCH_CASES, ids=lambda case: case.key)
def test_a_batch_equals_single_calls_if_nothing_is_sampled(one: Case, tmp_path: Path) -> None:
    """The tolerance is 1e-4 of full scale, because the order of sums differs."""
    assert one.build is not None
    one.build(tmp_path, steady=True)
    engine = create_engine(one, tmp_path)
    engine.load()
    singles = [speak(engine, one, text, seed=number)[0] for number, text in enumerate(one.together)]
    for single, batched in zip(singles, speak(engine, one, *one.together, seed=9), strict=True):
        assert len(single) == len(batched)
        upto = len(single) - one.ragged
        assert np.allclose(single[:upto], batched[:upto], rtol=0.0, atol=1e-4)
    # The sounds differ, so swapped sounds would be detected.
    shortest = min(map(len, singles))
    assert np.abs(singles[0][:shortest] - singles[-1][:shortest]).max() > 1e-3
