"""The weights of each model, and the files of the repositories that they consist of.

Weights are downloaded, loaded, unloaded and queued as one. A model has one set of weights, except MMS, which has one
for each language. Revisions are commits on the hub, so that every download gets the same files. An MMS language without
a revision here is downloaded at its newest commit, which the download records.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from common.catalogue import mms
from common.catalogue.models import FAKE_MODEL, MODELS

NEWEST = "main"
_ONE_FILE = ("model.safetensors", "pytorch_model.bin")


@dataclass(frozen=True, slots=True)
class Repository:
    """The files to use from one repository of the hub.

    `needed`: groups of patterns. In each group the first pattern that matches any file counts, with all its matches. If
    a group has no match, files are missing. `extra`: patterns of optional files. `*` also matches `/`. `elsewhere`:
    names of other folders where users keep the same files.
    """

    hub_id: str
    needed: tuple[tuple[str, ...], ...]
    extra: tuple[str, ...] = ()
    revision: str = NEWEST
    kind: Literal["model", "dataset"] = "model"
    elsewhere: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The name of its folder in the models folder."""
        return self.hub_id.replace("/", "_")


@dataclass(frozen=True, slots=True)
class Weights:
    """`key` is the first part of the queue's name. Weights without repositories come with a package."""

    key: str
    model: str
    repositories: tuple[Repository, ...] = ()
    needed: bool = True


_TOKENIZER = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")

_KOKORO = Repository(
    "onnx-community/Kokoro-82M-v1.0-ONNX",
    needed=(
        ("onnx/model.onnx", "kokoro*.onnx", "*.onnx"),
        ("voices*.bin", "voices*.npz", "voices/*.bin"),
    ),
    revision="1939ad2a8e416c0acfeecc08a694d14ef25f2231",
    elsewhere=("hexgrad_Kokoro-82M", "fastrtc_kokoro-onnx", "kokoro"),
)
_PARLER = Repository(
    "parler-tts/parler-tts-mini-v1.1",
    needed=(_ONE_FILE, ("config.json",), ("tokenizer.json", "tokenizer.model", "spiece.model")),
    extra=(
        *_TOKENIZER,
        "generation_config.json",
        "preprocessor_config.json",
        "tokenizer.model",
        "spiece.model",
    ),
    revision="fbb2dd281092c5b414ef29cf9d8895f386f1feef",
)
# Only the tokenizer of the description. The model of this repository is not used.
_PARLER_DESCRIPTIONS = Repository(
    "google/flan-t5-large",
    needed=(("tokenizer.json", "spiece.model"),),
    extra=(*_TOKENIZER, "spiece.model"),
    revision="0613663d0d48ea86ba8cb3d7a44f0f65dc596a2a",
)
_BARK = Repository(
    "suno/bark-small",
    needed=(
        _ONE_FILE,
        ("config.json",),
        ("generation_config.json",),
        ("tokenizer.json", "vocab.txt"),
        ("speaker_embeddings_path.json",),
        ("speaker_embeddings/*.npy",),
    ),
    extra=(*_TOKENIZER, "vocab.txt"),
    revision="1dbd7a128513b8ae4a4e2130fed57b7ac9da5bcd",
)
_SPEECHT5 = Repository(
    "microsoft/speecht5_tts",
    needed=(_ONE_FILE, ("config.json",), ("spm_char.model", "tokenizer.json")),
    extra=(*_TOKENIZER, "preprocessor_config.json", "processor_config.json", "generation_config.json"),
    revision="30fcde30f19b87502b8435427b5f5068e401d5f6",
)
_SPEECHT5_VOCODER = Repository(
    "microsoft/speecht5_hifigan",
    needed=(_ONE_FILE, ("config.json",)),
    revision="bb6f429406e86a9992357a972c0698b22043307d",
)
_SPEECHT5_SPEAKERS = Repository(
    "Matthijs/cmu-arctic-xvectors",
    needed=(("spkrec-xvect.zip", "*.npy"),),
    revision="5c1297a9eb6c91714ea77c0d4ac5aca9b6a952e5",
    kind="dataset",
)
_MMS_REVISIONS = {
    "eng": "c71de0fe7204c83f1c10820a7d696d0b450048ba",
    "fra": "5806d92d6247218c0e81e5f1a7462f6f636f70a2",
    "spa": "833b96c0278c85cf09776d565ba8f1cb2819f7ec",
    "kor": "1b6491366d2ed6ea8e4e735607155d9f0110df29",
    "vie": "b58928d033932a49aa8e3d6cf11625b25fe928d2",
    "hin": "1d83b223ec78e30b944f7d96bd117eb3d7023303",
    "cac-dialect_sanmateoixtatan": "261f54d20aa0e6240a2cb0d028bf3bba01b41334",
}


def find_weights(key: str) -> Weights:
    """Raises KeyError for an unknown key."""
    return _weights()[key] if key in _weights() else _fake_weights(key)


def weights_of(model: str) -> tuple[Weights, ...]:
    """All weights of a model. Raises KeyError for an unknown model."""
    if model not in MODELS:
        raise KeyError(model)
    return tuple(weights for weights in _weights().values() if weights.model == model)


@cache
def _weights() -> dict[str, Weights]:
    return {weights.key: weights for weights in _make_weights()}


def _make_weights() -> Iterator[Weights]:
    yield Weights("hibari", "hibari")
    yield Weights("kokoro", "kokoro", (_KOKORO,))
    yield Weights("parler", "parler", (_PARLER, _PARLER_DESCRIPTIONS))
    yield Weights("bark", "bark", (_BARK,))
    yield Weights("speecht5", "speecht5", (_SPEECHT5, _SPEECHT5_VOCODER, _SPEECHT5_SPEAKERS))
    for code in mms.languages():
        yield Weights(f"mms_{code}", "mms", (_mms(code),), needed=code in mms.NEEDED)


def _mms(code: str) -> Repository:
    return Repository(
        f"facebook/mms-tts-{code}",
        needed=(_ONE_FILE, ("config.json",), ("vocab.json",)),
        extra=_TOKENIZER,
        revision=_MMS_REVISIONS.get(code, NEWEST),
    )


def _fake_weights(key: str) -> Weights:
    if key.partition("_")[0] != FAKE_MODEL.alias:
        raise KeyError(key)
    return Weights(key, FAKE_MODEL.alias)
