"""Trimming, pauses and mastering."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.decoding import tone
from worker.sound import Master, pause_after_s, trim

RATE_HZ = 24_000


def silence(duration_s: float) -> NDArray[np.float32]:
    return np.zeros(round(duration_s * RATE_HZ), dtype=np.float32)


def noise(duration_s: float, *, level_db: float) -> NDArray[np.float32]:
    made = np.random.default_rng(0).normal(size=round(duration_s * RATE_HZ)) * 10 ** (level_db / 20)
    return made.astype(np.float32)


def joined(*sounds: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate(sounds)


VOWEL = tone(0.5, rate_hz=RATE_HZ)  # its power is -9 dB
SOFT_VOWEL = np.float32(0.5) * VOWEL


class TestTrim:
    @pytest.mark.parametrize("floor_db", [-200, -80, -70])
    def test_silence_is_removed_except_for_a_margin(self, floor_db: float) -> None:
        sound = joined(silence(0.4), VOWEL, silence(0.7)) + noise(1.6, level_db=floor_db)
        trimmed = trim(sound, sample_rate_hz=RATE_HZ)
        assert trimmed.head == pytest.approx(0.37 * RATE_HZ, abs=0.01 * RATE_HZ)
        assert len(trimmed.samples) == pytest.approx(0.59 * RATE_HZ, abs=0.02 * RATE_HZ)

    def test_head_is_the_position_of_the_rest(self) -> None:
        sound = joined(silence(0.4), VOWEL, silence(0.7))
        trimmed = trim(sound, sample_rate_hz=RATE_HZ)
        inner = slice(200, -200)
        np.testing.assert_array_equal(
            trimmed.samples[inner], sound[trimmed.head : trimmed.head + len(trimmed.samples)][inner]
        )

    @pytest.mark.parametrize("level_db", [-35, -45, -55])
    def test_soft_consonants_and_breaths_are_kept(self, level_db: float) -> None:
        consonant = noise(0.08, level_db=level_db)
        sound = joined(silence(0.3), consonant, VOWEL, consonant, silence(0.3))
        trimmed = trim(sound, sample_rate_hz=RATE_HZ)
        before, after = 0.3 * RATE_HZ, (0.3 + 0.08 + 0.5 + 0.08) * RATE_HZ
        assert trimmed.head <= before - 0.02 * RATE_HZ
        assert trimmed.head + len(trimmed.samples) >= after + 0.05 * RATE_HZ

    def test_silence_inside_is_kept(self) -> None:
        sound = joined(VOWEL, silence(1), VOWEL)
        assert len(trim(sound, sample_rate_hz=RATE_HZ).samples) == len(sound)

    @pytest.mark.parametrize("level_db", [-50, -30, 0])
    def test_the_threshold_is_relative_to_the_speech(self, level_db: float) -> None:
        gain = np.float32(10 ** (level_db / 20))
        sound = joined(silence(0.4), gain * VOWEL, silence(0.7))
        assert len(trim(sound, sample_rate_hz=RATE_HZ).samples) == pytest.approx(0.59 * RATE_HZ, abs=480)

    @pytest.mark.parametrize("sound", [silence(0), silence(1), noise(1, level_db=-75), silence(0.001)])
    def test_silence_only_gives_no_samples(self, sound: NDArray[np.float32]) -> None:
        trimmed = trim(sound, sample_rate_hz=RATE_HZ)
        assert (len(trimmed.samples), trimmed.head) == (0, 0)

    @pytest.mark.parametrize("count", [1, 2, 3, 50, 239, 241, 5000])
    def test_edges_of_any_length_are_faded(self, count: int) -> None:
        sound = np.full(count, 0.5, dtype=np.float32)
        samples = trim(sound, sample_rate_hz=RATE_HZ).samples
        assert len(samples) == count
        if count > 200:
            assert max(abs(samples[0]), abs(samples[-1])) < 0.001
            assert np.abs(np.diff(samples)).max() < 0.01
            assert samples[count // 2] == 0.5
        assert (sound == 0.5).all()


class TestPauses:
    def test_pauses_grow_from_clause_to_paragraph(self) -> None:
        clause = pause_after_s(sentence_end=False, paragraph_end=False, speed=1)
        sentence = pause_after_s(sentence_end=True, paragraph_end=False, speed=1)
        paragraph = pause_after_s(sentence_end=True, paragraph_end=True, speed=1)
        assert 0 < clause < 0.15 < sentence < 0.5 < paragraph < 1
        assert pause_after_s(sentence_end=False, paragraph_end=True, speed=1) == paragraph

    @pytest.mark.parametrize("speed", [0.25, 0.5, 2, 4])
    def test_pauses_are_shorter_for_faster_speech(self, speed: float) -> None:
        pause_s = pause_after_s(sentence_end=True, paragraph_end=False, speed=speed)
        assert pause_s == pytest.approx(
            pause_after_s(sentence_end=True, paragraph_end=False, speed=1) / speed
        )


class TestMaster:
    @settings(max_examples=50)
    @given(st.data(), st.booleans(), st.sampled_from([8000, 16_000, 22_050, 24_000, 44_100]))
    def test_the_output_is_as_long_as_the_input(
        self, data: st.DataObject, enabled: bool, rate_hz: int
    ) -> None:
        master, input_count, out = Master(sample_rate_hz=rate_hz, enabled=enabled), 0, 0
        for seed in data.draw(st.lists(st.integers(0, 9), max_size=6)):
            rng = np.random.default_rng(seed)
            assert master.position == input_count
            if seed % 3:
                speech = rng.uniform(-1, 1, rng.integers(0, 4000)).astype(np.float32)
                input_count += len(speech)
                out += len(master.speech(speech, gain_db=float(rng.uniform(-12, 12))))
            else:
                pause_s = rng.uniform(0, 0.1)
                input_count += round(pause_s * rate_hz)
                out += len(master.pause(pause_s))
            assert input_count - 0.02 * rate_hz <= out <= input_count
        out += len(master.end())
        assert out == master.position
        assert input_count <= master.position <= input_count + round(0.05 * rate_hz)

    def test_each_sound_is_at_its_reported_position(self) -> None:
        master = Master(sample_rate_hz=RATE_HZ)
        out = [master.pause(0.123)]
        first = master.position
        out += [master.speech(VOWEL), master.pause(0.2)]
        second = master.position
        out += [master.speech(SOFT_VOWEL), master.end()]
        sound = joined(*out)
        np.testing.assert_array_equal(sound[first : first + len(VOWEL)], VOWEL)
        np.testing.assert_array_equal(sound[second : second + len(VOWEL)], SOFT_VOWEL)
        assert not sound[first + len(VOWEL) : second].any()

    @pytest.mark.parametrize("pause_s", [0, 0.01, 0.049, 0.05, 0.5])
    def test_it_ends_in_silence(self, pause_s: float) -> None:
        master = Master(sample_rate_hz=RATE_HZ)
        sound = joined(master.speech(VOWEL), master.pause(pause_s), master.end())
        silent = max(pause_s, 0.05)
        assert len(sound) == len(VOWEL) + round(silent * RATE_HZ)
        assert not sound[len(VOWEL) :].any()

    def test_the_gain_is_exact_below_the_ceiling(self) -> None:
        master = Master(sample_rate_hz=RATE_HZ)
        sound = joined(master.speech(VOWEL, gain_db=-6.5), master.end())
        np.testing.assert_array_equal(sound[: len(VOWEL)], VOWEL * np.float32(10 ** (-6.5 / 20)))

    def test_disabled_it_changes_nothing(self) -> None:
        master = Master(sample_rate_hz=RATE_HZ, enabled=False)
        loud = np.float32(3) * VOWEL
        assert master.speech(loud, gain_db=6) is loud
        assert not master.pause(0.5).any()
        assert len(master.end()) == 0
        assert master.position == len(loud) + RATE_HZ // 2
