"""Voices of all families are equally loud: the meter, the loudness table, and real speech."""

import numpy as np
import pytest
from numpy.typing import NDArray

from common.catalogue import find_voice, voices
from common.catalogue.loudness import MAX_GAIN_DB, TARGET_LUFS, gain_db, measured_lufs
from tests.support.decoding import tone
from tests.support.loudness import Loudness, loudness
from tests.support.tiny_kokoro import real_kokoro
from tests.support.utterances import settings_of, utterance
from worker.engines import create
from worker.engines.protocol import Engine
from worker.sound import Master, pause_after_s, trim

# Sentences that were not used to measure the voices.
ENGLISH = (
    "The orchard was silent when the last cart left.",
    "He asked me twice whether the door had been locked.",
    "Nobody expected the letter to come on a Sunday.",
)
JAPANESE = (
    "あしたの あさ、えきで まっています。",
    "この りんごは とても おいしいですね。",
    "まどの そとで ことりが ないています。",
)


class TestMeter:
    @pytest.mark.parametrize("rate_hz", [16_000, 22_050, 24_000, 44_100, 48_000])
    @pytest.mark.parametrize("level_db", [-6, -20, -33])
    def test_a_reference_tone_has_the_level_of_the_standard(self, rate_hz: int, level_db: float) -> None:
        """In the standard, a sine of 997 Hz in one channel is 3.01 LU below its peak level."""
        amplitude = np.float32(10 ** (level_db / 20) / 0.5)
        measured = loudness(amplitude * tone(5, rate_hz=rate_hz, pitch_hz=997), sample_rate_hz=rate_hz)
        assert measured.integrated_lufs == pytest.approx(level_db - 3.01, abs=0.1)
        assert measured.true_peak_dbtp == pytest.approx(level_db, abs=0.3)

    def test_silence_is_gated_out(self) -> None:
        sound = np.concatenate([tone(4, rate_hz=48_000), np.zeros(48_000 * 8, dtype=np.float32)])
        isolated = loudness(tone(4, rate_hz=48_000), sample_rate_hz=48_000)
        assert loudness(sound, sample_rate_hz=48_000).integrated_lufs == pytest.approx(
            isolated.integrated_lufs, abs=0.4
        )


class TestTable:
    def test_it_names_existing_voices(self) -> None:
        assert {"hibari_heart", "jf_alpha"} <= measured_lufs().keys() <= voices().keys()

    def test_a_measured_voice_is_brought_to_the_target(self) -> None:
        for voice_id, level in measured_lufs().items():
            assert level + gain_db(find_voice(voice_id)) == pytest.approx(TARGET_LUFS)

    def test_an_unmeasured_voice_gets_the_mean_of_its_family(self) -> None:
        assert gain_db(find_voice("hibari_emma")) == gain_db(find_voice("hibari_heart"))
        measured = [gain_db(voice) for voice in voices().values() if voice.id in measured_lufs()][1:]
        assert gain_db(find_voice("af_heart")) == pytest.approx(np.mean(measured))
        assert gain_db(find_voice("af_nobody")) == gain_db(find_voice("af_heart"))

    @pytest.mark.parametrize("voice_id", ["bark_en_1", "mms_eng", "parler_laura", "speecht5_slt", "fake"])
    def test_unmeasured_families_have_no_gain(self, voice_id: str) -> None:
        assert gain_db(find_voice(voice_id, allow_fake=True)) == 0

    def test_a_mix_gets_the_weighted_gain_of_its_voices(self) -> None:
        loud, soft = gain_db(find_voice("jf_alpha")), gain_db(find_voice("jf_tebukuro"))
        assert loud != soft
        assert gain_db(find_voice("jf_alpha(3)+jf_tebukuro(1)")) == pytest.approx(0.75 * loud + 0.25 * soft)

    def test_gains_are_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert (
            abs(gain_db(find_voice("jf_alpha"))) < MAX_GAIN_DB
        )  # fills the cache of families before the table changes
        monkeypatch.setitem(measured_lufs(), "jf_alpha", -70.0)
        monkeypatch.setitem(measured_lufs(), "jf_tebukuro", 0.0)
        assert gain_db(find_voice("jf_alpha")) == MAX_GAIN_DB
        assert gain_db(find_voice("jf_tebukuro")) == -MAX_GAIN_DB


def speak_job(engine: Engine, voice_id: str, texts: tuple[str, ...]) -> tuple[NDArray[np.float32], int]:
    """Return (samples, sample rate) of the texts, mastered as in a job."""
    voice = find_voice(voice_id)
    utterances = [utterance(text, voice=voice.engine_voice, language=voice.languages[0]) for text in texts]
    speeches = [engine.speak([one])[0] for one in utterances]
    rate_hz = speeches[0].sample_rate_hz
    master = Master(sample_rate_hz=rate_hz)
    pieces = []
    for speech in speeches:
        trimmed = trim(speech.samples, sample_rate_hz=rate_hz)
        pieces.append(master.speech(trimmed.samples, gain_db=gain_db(voice)))
        pieces.append(master.pause(pause_after_s(sentence_end=True, paragraph_end=False, speed=1)))
    return np.concatenate([*pieces, master.end()]), rate_hz


def test_two_families_are_equally_loud(tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("models")
    real_kokoro(root)
    settings = settings_of(root)
    measured: list[Loudness] = []
    for weights, voice_id, texts in (
        ("hibari", "hibari_heart", ENGLISH),
        ("kokoro", "jf_alpha", JAPANESE),
    ):
        engine = create(weights, settings)
        engine.load()
        sound, rate_hz = speak_job(engine, voice_id, texts)
        engine.close()
        measured.append(loudness(sound, sample_rate_hz=rate_hz))
    one, other = measured
    assert one.integrated_lufs == pytest.approx(other.integrated_lufs, abs=1)
    for each in measured:
        assert each.integrated_lufs == pytest.approx(TARGET_LUFS, abs=1)
        assert each.true_peak_dbtp <= -1
