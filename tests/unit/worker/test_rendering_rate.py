"""A job that asks for a sample rate gets it, whatever the rate of its voice."""

from collections.abc import Iterator

import numpy as np
import pytest

from common.jobs.options import Options
from common.settings import Settings
from tests.support.claimed_parts import claimed_part
from tests.support.pipeline_runner import DecodedAudio, PipelineRunner, ToneEngine, open_pipeline_runner

TEXT = "This is the first sentence of all. This is the second one."


@pytest.fixture
def runner(settings: Settings) -> Iterator[PipelineRunner]:
    with open_pipeline_runner(settings) as opened:
        yield opened


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 44100, 48000])
def test_the_file_has_the_rate_that_was_asked_for(runner: PipelineRunner, rate_hz: int) -> None:
    usual = runner.speak(claimed_part(TEXT), ToneEngine())
    asked = runner.speak(claimed_part(TEXT, options=Options(sample_rate_hz=rate_hz)), ToneEngine())
    assert asked.sample_rate_hz == rate_hz != usual.sample_rate_hz
    assert asked.duration_s == pytest.approx(usual.duration_s, abs=0.05)
    assert [cue.start_s for cue in asked.captions] == pytest.approx(
        [cue.start_s for cue in usual.captions], abs=0.05
    )
    decoded = runner.decode(asked)
    assert decoded.rate_hz == rate_hz
    assert len(decoded.samples) / rate_hz == pytest.approx(asked.duration_s, abs=0.001)
    assert pitch_hz(decoded) == pytest.approx(440, rel=0.01)


def pitch_hz(audio: DecodedAudio) -> float:
    spectrum = np.abs(np.fft.rfft(audio.samples))
    return float(spectrum.argmax()) * audio.rate_hz / len(audio.samples)
