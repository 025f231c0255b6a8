"""Measure the loudness of the voices that this environment can speak, and update the table of the catalogue.

    python scripts/calibrate_loudness.py                        with the test requirements: hibari's bundled voice, and
                                                                Kokoro's Japanese voices with the weights of the tests
    python scripts/calibrate_loudness.py --models models        all voices whose weights are in this models folder

All voices of a language speak the same sentences. The values of voices that are not measured stay unchanged.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from common.catalogue import Voice, hub_model, voices
from common.catalogue.loudness import TABLE, measured_lufs
from common.settings import Settings
from tests.support.loudness import loudness
from tests.support.tiny_kokoro import real_kokoro
from worker.engines import available_aliases, create
from worker.engines.protocol import ANY_VOICE, Engine, Utterance
from worker.sound import trim

SENTENCES = {
    "en": (
        "The kettle began to sing before anyone had found the cups.",
        "Three ships lay in the harbour, and none of them had a crew.",
        "Would you rather walk home along the river, or take the last bus?",
        "She counted the money twice, folded the letter, and said nothing.",
    ),
    "ja": (
        "きょうは とても いい てんきですね。",
        "みなとに ふねが さんそう ならんでいます。",
        "かわに そって あるいて かえりませんか。",
        "てがみを たたんで、なにも いわずに へやを でました。",
    ),
    "de": (
        "Der Kessel begann zu singen, bevor jemand die Tassen gefunden hatte.",
        "Möchtest du am Fluss entlang nach Hause gehen?",
        "Drei Schiffe lagen im Hafen, und keines hatte eine Mannschaft.",
    ),
    "fr": (
        "La bouilloire chantait avant que quelqu'un ait trouvé les tasses.",
        "Veux-tu rentrer à pied le long de la rivière ?",
        "Trois bateaux attendaient au port, et aucun n'avait d'équipage.",
    ),
    "es": (
        "La tetera empezó a silbar antes de que alguien encontrara las tazas.",
        "¿Quieres volver a casa andando junto al río?",
        "Había tres barcos en el puerto, y ninguno tenía tripulación.",
    ),
    "it": (
        "Il bollitore cominciò a fischiare prima che qualcuno trovasse le tazze.",
        "Vuoi tornare a casa a piedi lungo il fiume?",
        "Nel porto c'erano tre navi, e nessuna aveva un equipaggio.",
    ),
    "pt": (
        "A chaleira começou a apitar antes que alguém achasse as xícaras.",
        "Você quer voltar para casa a pé ao longo do rio?",
        "Havia três navios no porto, e nenhum tinha tripulação.",
    ),
}


def main() -> int:
    options = _parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        if options.models is None:
            real_kokoro(Path(folder))
        settings = Settings(_env_file=None, models_dir=options.models or Path(folder))
        measured = dict(_measure_voices(settings))
    previous = measured_lufs() if TABLE.exists() else {}
    lufs = previous | measured
    catalogue_order = [voice_id for voice_id in voices() if voice_id in lufs]
    rows = [f"{voice_id}\t{lufs[voice_id]:.1f}\n" for voice_id in catalogue_order]
    TABLE.write_text("".join(rows), encoding="utf-8")
    return 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, help="models folder")
    return parser.parse_args()


def _measure_voices(settings: Settings) -> Iterator[tuple[str, float]]:
    """Yield (voice id, LUFS). Only the weights of one engine are loaded at a time."""
    available = available_aliases(settings)
    candidates = [voice for voice in voices().values() if voice.model in available and _sentences(voice)]
    for weights, group in groupby(candidates, key=lambda voice: voice.weights):
        engine = create(weights, settings)
        names = engine.voices()
        speakable = [voice for voice in group if voice.engine_voice in names or ANY_VOICE in names]
        if speakable:
            engine.load()
            for voice in speakable:
                yield voice.id, _measure_lufs(engine, voice)
            engine.close()


def _measure_lufs(engine: Engine, voice: Voice) -> float:
    """Return the integrated loudness of the sentences, without the silence around each, and print it."""
    speeches = [engine.speak([_utterance(voice, text)])[0] for text in _sentences(voice)]
    rate_hz = speeches[0].sample_rate_hz
    trimmed = [trim(speech.samples, sample_rate_hz=rate_hz).samples for speech in speeches]
    samples: NDArray[np.float32] = np.concatenate(trimmed)
    measured = loudness(samples, sample_rate_hz=rate_hz)
    sys.stdout.write(
        f"{voice.id:24} {measured.integrated_lufs:6.1f} LUFS {measured.true_peak_dbtp:6.1f} dBTP "
        f"{len(samples) / rate_hz:5.1f} s\n"
    )
    return measured.integrated_lufs


def _sentences(voice: Voice) -> tuple[str, ...]:
    return SENTENCES.get(voice.languages[0].partition("-")[0], ())


def _utterance(voice: Voice, text: str) -> Utterance:
    return Utterance(
        text=text,
        voice=voice.engine_voice,
        model_id=hub_model(voice),
        language=voice.languages[0],
        speed=1.0,
        style=None,
        seed=1,
        seed_given=True,
    )


if __name__ == "__main__":
    sys.exit(main())
