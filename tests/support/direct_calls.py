"""Calls the libraries of the model families as their documentation shows, without the engines of the worker.

`python -m tests.support.direct_calls FOLDER CALLS` needs an environment with the libraries. It writes the samples by
family as a .npz file to standard output. CALLS is a JSON list of {family, voice, seed, text, style}.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def speak_mms(root: Path, voice: str, seed: int, text: str, _style: str) -> Any:
    from transformers import AutoTokenizer, VitsModel, set_seed

    folder = root / f"facebook_mms-tts-{voice}"
    model, tokenizer = VitsModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    set_seed(seed)
    spoken = model(**tokenizer([text], return_tensors="pt", padding=True))
    return spoken.waveform[0, : int(spoken.sequence_lengths[0])]


def speak_speecht5(root: Path, voice: str, seed: int, text: str, _style: str) -> Any:
    import io
    import zipfile

    import torch
    from transformers import SpeechT5ForTextToSpeech, SpeechT5HifiGan, SpeechT5Tokenizer, set_seed

    folder = root / "microsoft_speecht5_tts"
    model = SpeechT5ForTextToSpeech.from_pretrained(folder).eval()
    vocoder = SpeechT5HifiGan.from_pretrained(root / "microsoft_speecht5_hifigan").eval()
    with zipfile.ZipFile(root / "Matthijs_cmu-arctic-xvectors" / "spkrec-xvect.zip") as archive:
        names = [name for name in archive.namelist() if f"cmu_us_{voice}_" in name]
        vectors = [np.load(io.BytesIO(archive.read(name))) for name in names]
    mean = np.mean(vectors, axis=0)
    speaker = torch.from_numpy(mean / np.linalg.norm(mean))[None]
    encoded = SpeechT5Tokenizer.from_pretrained(folder)([text], return_tensors="pt")
    set_seed(seed)
    return model.generate_speech(encoded.input_ids, speaker, vocoder=vocoder)


def speak_bark(root: Path, voice: str, seed: int, text: str, _style: str) -> Any:
    from transformers import AutoProcessor, BarkModel, set_seed

    folder = root / "suno_bark-small"
    processor, model = AutoProcessor.from_pretrained(folder), BarkModel.from_pretrained(folder).eval()
    encoded = processor([text], voice_preset=voice, return_tensors="pt")
    set_seed(seed)
    return model.generate(**encoded)[0]


def speak_parler(root: Path, _voice: str, seed: int, text: str, style: str) -> Any:
    from transformers import AutoTokenizer, set_seed

    from worker.engines.parler import import_parler

    folder = root / "parler-tts_parler-tts-mini-v1.1"
    model = import_parler().ParlerTTSForConditionalGeneration.from_pretrained(folder).eval()
    description = AutoTokenizer.from_pretrained(root / "google_flan-t5-large")([style], return_tensors="pt")
    prompt = AutoTokenizer.from_pretrained(folder)([text], return_tensors="pt")
    set_seed(seed)
    out = model.generate(
        input_ids=description.input_ids,
        attention_mask=description.attention_mask,
        prompt_input_ids=prompt.input_ids,
        prompt_attention_mask=prompt.attention_mask,
        return_dict_in_generate=True,
    )
    return out.sequences[0, : out.audios_length[0]]


FAMILIES: dict[str, Callable[[Path, str, int, str, str], Any]] = {
    "mms": speak_mms,
    "speecht5": speak_speecht5,
    "bark": speak_bark,
    "parler": speak_parler,
}


def main(root: str, calls: str) -> None:
    import torch

    torch.set_num_threads(1)
    samples_by_family = {}
    for call in json.loads(calls):
        speak = FAMILIES[call["family"]]
        with torch.inference_mode():
            samples = speak(Path(root), call["voice"], call["seed"], call["text"], call["style"])
        samples_by_family[call["family"]] = samples.float().numpy()
    np.savez(sys.stdout.buffer, **samples_by_family)


if __name__ == "__main__":
    main(*sys.argv[1:])
