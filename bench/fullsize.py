"""Build full-size models with random weights in the folder layout of real downloads.

The weights can be random because the amount of computation does not depend on their values. The models are changed so
that they never end a text by themselves: the audio of each text lasts `seconds` (SpeechT5: as long as its number of
letters allows). The sizes are those of the published checkpoints.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support import tiny_models

SEED = 0
PARLER_STEPS_PER_S = 86
BARK_TOKENS_PER_S = 49.9
# Without a stop token SpeechT5 generates at most 20 frames of 16 ms per letter.
SPEECHT5_S_PER_LETTER = 20 * 0.016
# The duration predictor of `build_mms` gives 1.5 frames of 16 ms, rounded up, to each letter and to each blank token.
MMS_S_PER_LETTER = 2 * 2 * 0.016


def build_mms(root: Path, *, seconds: float) -> None:  # noqa: ARG001  # the text length sets the duration
    from transformers import VitsConfig, VitsModel, VitsTokenizer

    folder = _folder(root, "facebook_mms-tts-eng")
    letters = tiny_models.ENGLISH
    (folder / "vocab.json").write_text(json.dumps({letter: index for index, letter in enumerate(letters)}))
    VitsTokenizer(
        str(folder / "vocab.json"), pad_token=letters[0], language="eng", phonemize=False
    ).save_pretrained(folder)
    model = VitsModel(VitsConfig())
    last = model.duration_predictor.flows[0]
    last.log_scale.data.fill_(8.0)
    last.translate.data.zero_()
    last.translate.data[0] = -math.log(1.5) * math.exp(8.0)
    model.save_pretrained(folder)


def build_speecht5(root: Path, *, seconds: float) -> None:  # noqa: ARG001  # the text length sets the duration
    from transformers import (
        SpeechT5Config,
        SpeechT5ForTextToSpeech,
        SpeechT5HifiGan,
        SpeechT5HifiGanConfig,
    )

    tiny_models.build_speecht5(root)
    model = SpeechT5ForTextToSpeech(SpeechT5Config(max_text_positions=600, max_speech_positions=1876))
    model.speech_decoder_postnet.prob_out.bias.data.fill_(-50.0)
    model.save_pretrained(_folder(root, "microsoft_speecht5_tts"))
    SpeechT5HifiGan(SpeechT5HifiGanConfig()).save_pretrained(_folder(root, "microsoft_speecht5_hifigan"))


def build_bark(root: Path, *, seconds: float) -> None:
    from transformers import BarkConfig, BarkModel, EncodecConfig
    from transformers.models.bark import BarkCoarseConfig, BarkFineConfig, BarkSemanticConfig

    tiny_models.build_bark(root)
    folder = _folder(root, "suno_bark-small")
    model = BarkModel(
        BarkConfig(
            semantic_config=BarkSemanticConfig(
                input_vocab_size=129_600, output_vocab_size=10_048, bias=True
            ).to_dict(),
            coarse_acoustics_config=BarkCoarseConfig(
                input_vocab_size=12_096, output_vocab_size=12_096, bias=True
            ).to_dict(),
            fine_acoustics_config=BarkFineConfig(
                input_vocab_size=1056, output_vocab_size=1056, bias=True
            ).to_dict(),
            codec_config=EncodecConfig().to_dict(),
        )
    )
    _exclude_tokens(model.semantic.layernorm_final.bias, model.semantic.lm_head, 10_000)
    model.save_pretrained(folder)
    # The library's defaults for all other values are those of the real model.
    semantic = {
        "max_new_tokens": round(seconds * BARK_TOKENS_PER_S),
        "do_sample": True,
        "temperature": 0.7,
    }
    generation_config = {
        "model_type": "bark",
        "semantic_config": semantic,
        "coarse_acoustics_config": {"do_sample": True, "temperature": 0.7},
        "fine_acoustics_config": {"temperature": 0.5},
        "sample_rate": 24_000,
        "codebook_size": 1024,
    }
    (folder / "generation_config.json").write_text(json.dumps(generation_config))


def build_parler(root: Path, *, seconds: float) -> None:
    from transformers import AutoModel, DacConfig, T5Config

    from worker.engines.parler import import_parler

    tiny_models.build_parler(root)
    library = import_parler()
    text_encoder = T5Config(
        vocab_size=32_128,
        d_model=1024,
        d_kv=64,
        d_ff=2816,
        num_layers=24,
        num_heads=16,
        feed_forward_proj="gated-gelu",
        is_encoder_decoder=False,
    )
    codec = DacConfig(
        n_codebooks=9,
        codebook_size=1024,
        codebook_dim=8,
        sampling_rate=44_100,
        encoder_hidden_size=64,
        decoder_hidden_size=1536,
        downsampling_ratios=[2, 4, 8, 8],
    )
    decoder = library.ParlerTTSDecoderConfig(
        vocab_size=1088,
        max_position_embeddings=4096,
        num_hidden_layers=24,
        ffn_dim=4096,
        num_attention_heads=16,
        hidden_size=1024,
        num_codebooks=9,
        pad_token_id=1024,
        eos_token_id=1024,
        bos_token_id=1025,
        activation_function="gelu",
    )
    config = library.ParlerTTSConfig.from_sub_models_config(
        text_encoder,
        codec,
        decoder,
        vocab_size=90_714,
        prompt_cross_attention=False,
        pad_token_id=1024,
        decoder_start_token_id=1025,
    )
    model = library.ParlerTTSForConditionalGeneration(
        config=config, audio_encoder=AutoModel.from_config(config.audio_encoder)
    )
    for head in model.decoder.lm_heads:
        _exclude_tokens(model.decoder.model.decoder.layer_norm.bias, head, slice(1024, None))
    steps = round(seconds * PARLER_STEPS_PER_S)
    generation = model.generation_config
    generation.decoder_start_token_id = generation.bos_token_id = 1025
    generation.pad_token_id = generation.eos_token_id = 1024
    generation.max_length, generation.min_new_tokens = steps + 1, steps
    generation.do_sample, generation.guidance_scale = True, 1
    model.save_pretrained(_folder(root, "parler-tts_parler-tts-mini-v1.1"))


def _exclude_tokens(bias: Any, head: Any, tokens: int | slice) -> None:
    """Use one dimension of the last layer to give these tokens a very low score for every input."""
    bias.data[0] = 8.0
    head.weight.data[:, 0] = 0.0
    head.weight.data[tokens, 0] = -8.0


def _folder(root: Path, name: str) -> Path:
    import torch

    from worker.engines.pretrained import quiet_library

    quiet_library()
    torch.manual_seed(SEED)
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def build_kokoro(root: Path, *, seconds: float) -> None:  # noqa: ARG001  # real weights end the text by themselves
    """Copy the int8 export that a package of the test requirements contains."""
    from tests.support.tiny_kokoro import real_kokoro

    real_kokoro(root)


BUILDERS: dict[str, Callable[..., None]] = {
    "speecht5": build_speecht5,
    "mms": build_mms,
    "bark": build_bark,
    "parler": build_parler,
    "kokoro": build_kokoro,
}


def text_for(family: str, *, seconds: float) -> str:
    """Return a text that a model of this family speaks for about this many seconds."""
    letters = {"speecht5": seconds / SPEECHT5_S_PER_LETTER, "mms": seconds / MMS_S_PER_LETTER}
    length = round(letters.get(family, 15 * seconds))
    return ("the quick brown fox jumps over the lazy dog and " * 20)[:length].strip()
