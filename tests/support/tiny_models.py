"""Tiny models of the real classes with random weights, saved in the layout of the real downloads.

`python -m tests.support.tiny_models FOLDER [mms speecht5 bark parler]` builds them in an environment with the
libraries; without names, all families of the environment. The models quickly produce noise of a plausible length.
With `steady` they sample nothing, so that a batch can be compared with single calls.
"""

import io
import json
import math
import sys
import zipfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

ENGLISH = "abcdefghijklmnopqrstuvwxyz'- "
PRESETS = ("v2/en_speaker_6", "v2/fr_speaker_1")
SPEAKERS = ("awb", "bdl", "clb", "jmk", "ksp", "rms", "slt")
# Real checkpoints of Bark and SpeechT5 are pickles of tensors.
PICKLED = "pytorch_model.bin"
# The number of Bark's semantic tokens, and the sizes of the codebooks of Bark and Parler.
_MEANINGS = 100
_CODES = 16
_PARLER_CODES = 64

_SENTENCES = (
    "the quick brown fox jumps over the lazy dog",
    "A female speaker's voice is clear and very close, with almost no noise.",
    "Pack my box with five dozen liquor jugs! How vexingly quick daft zebras jump?",
    'SPHINX OF BLACK QUARTZ: "JUDGE MY VOW", said - and wrote; twelve wizards (of many)...',
)


def build_mms(
    root: Path,
    *,
    code: str = "eng",
    letters: str = ENGLISH,
    is_uroman: bool = False,
    steady: bool = False,
    safetensors: bool = True,
) -> Path:
    from transformers import VitsConfig, VitsModel, VitsTokenizer

    folder = _begin(root, f"facebook_mms-tts-{code}")
    (folder / "vocab.json").write_text(json.dumps({letter: number for number, letter in enumerate(letters)}))
    tokenizer = VitsTokenizer(
        str(folder / "vocab.json"), pad_token=letters[0], language=code, phonemize=False, is_uroman=is_uroman
    )
    tokenizer.save_pretrained(folder)
    model = VitsModel(
        VitsConfig(
            vocab_size=len(letters),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            ffn_dim=32,
            flow_size=16,
            spectrogram_bins=17,
            upsample_initial_channel=32,
            upsample_rates=[8, 8, 2, 2],
            upsample_kernel_sizes=[16, 16, 4, 4],
            resblock_kernel_sizes=[3],
            resblock_dilation_sizes=[[1, 3]],
            duration_predictor_filter_channels=16,
            duration_predictor_num_flows=2,
            prior_encoder_num_flows=2,
            prior_encoder_num_wavenet_layers=1,
            posterior_encoder_num_wavenet_layers=1,
            noise_scale=0.0 if steady else 0.667,
            noise_scale_duration=0.0 if steady else 0.8,
        )
    )
    _pin_durations(model, frames=2.5)
    _amplify(model.decoder.conv_post, 0.3)
    return _save(model, folder, safetensors=safetensors)


def build_speecht5(root: Path, *, steady: bool = False, safetensors: bool = True) -> Path:
    from transformers import (
        SpeechT5Config,
        SpeechT5ForTextToSpeech,
        SpeechT5HifiGan,
        SpeechT5HifiGanConfig,
        SpeechT5Tokenizer,
    )

    folder = _begin(root, "microsoft_speecht5_tts")
    (folder / "spm_char.model").write_bytes(_characters())
    tokenizer = SpeechT5Tokenizer(str(folder / "spm_char.model"), model_max_length=600)
    tokenizer.save_pretrained(folder)
    model = SpeechT5ForTextToSpeech(
        SpeechT5Config(
            vocab_size=len(tokenizer),
            hidden_size=24,
            encoder_layers=2,
            encoder_attention_heads=2,
            encoder_ffn_dim=32,
            decoder_layers=1,
            decoder_attention_heads=2,
            decoder_ffn_dim=32,
            speech_decoder_prenet_units=16,
            speech_decoder_prenet_dropout=0.0 if steady else 0.5,
            speech_decoder_postnet_units=16,
            speech_decoder_postnet_layers=2,
            reduction_factor=10,
            max_text_positions=600,
            max_speech_positions=1876,
        )
    )
    vocoder = SpeechT5HifiGan(
        SpeechT5HifiGanConfig(
            upsample_initial_channel=32,
            upsample_rates=[4, 4, 2, 2],
            upsample_kernel_sizes=[8, 8, 4, 4],
            resblock_kernel_sizes=[3],
            resblock_dilation_sizes=[[1, 3]],
        )
    )
    # With random weights the model would stop at once. This bias makes it run to the limit for the text length.
    model.speech_decoder_postnet.prob_out.bias.data.fill_(-50.0)
    _amplify(model, 4.0)
    _amplify(vocoder, 12.0)
    _save(vocoder, _begin(root, "microsoft_speecht5_hifigan"), safetensors=safetensors)
    build_speakers(root)
    return _save(model, folder, safetensors=safetensors)


def build_speakers(root: Path, *, names: Sequence[str] = SPEAKERS, sentences: int = 3) -> Path:
    """Write the archive of x-vectors."""
    folder = root / "Matthijs_cmu-arctic-xvectors"
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(0)
    with zipfile.ZipFile(folder / "spkrec-xvect.zip", "w") as archive:
        for name in names:
            for number in range(sentences):
                member = f"spkrec-xvect/cmu_us_{name}_arctic-wav-arctic_a{number:04}.npy"
                archive.writestr(member, as_npy(draw.normal(size=512).astype(np.float32)))
    return folder


def build_bark(
    root: Path,
    *,
    presets: Sequence[str] = PRESETS,
    steady: bool = False,
    silent: bool = False,
    safetensors: bool = True,
) -> Path:
    """Build Bark. With `silent` it ends each text before the first token."""
    from transformers import BarkConfig, BarkModel, BertTokenizer, EncodecConfig
    from transformers.models.bark import BarkCoarseConfig, BarkFineConfig, BarkSemanticConfig

    folder = _begin(root, "suno_bark-small")
    pieces = _pieces()
    BertTokenizer(vocab={piece: number for number, piece in enumerate(pieces)}).save_pretrained(folder)
    # The token numbers are ordered as in the real model: semantic tokens, then text; semantic tokens, then codebooks.
    offset, text_pad = _MEANINGS + 12, _MEANINGS + 12 + len(pieces)
    coarse_size = _MEANINGS + 2 * _CODES + 48
    common = {"num_layers": 1, "num_heads": 2, "hidden_size": 16, "block_size": 384, "bias": True}
    model = BarkModel(
        BarkConfig(
            semantic_config=BarkSemanticConfig(
                input_vocab_size=text_pad + 5, output_vocab_size=offset, **common
            ).to_dict(),
            coarse_acoustics_config=BarkCoarseConfig(
                input_vocab_size=coarse_size, output_vocab_size=coarse_size, **common
            ).to_dict(),
            fine_acoustics_config=BarkFineConfig(
                input_vocab_size=_CODES + 32, output_vocab_size=_CODES + 32, **common
            ).to_dict(),
            codec_config=EncodecConfig(
                codebook_size=_CODES,
                codebook_dim=16,
                hidden_size=16,
                num_filters=4,
                num_lstm_layers=1,
                target_bandwidths=[6.0],
            ).to_dict(),
        )
    )
    for stage in (model.semantic, model.coarse_acoustics, model.fine_acoustics):
        _amplify(stage, 10.0)
    _decide_end(model.semantic.layernorm_final, [model.semantic.lm_head], end=_MEANINGS, at_once=silent)
    for layer in model.codec_model.quantizer.layers:
        layer.codebook.embed.normal_()
    _save(model, folder, safetensors=safetensors)
    choices = _bark_choices(offset=offset, text_pad=text_pad, steady=steady)
    (folder / "generation_config.json").write_text(json.dumps(choices))
    _write_presets(folder, presets)
    return folder


def _bark_choices(*, offset: int, text_pad: int, steady: bool) -> dict[str, Any]:
    drawn = {"do_sample": not steady, "temperature": None if steady else 0.7}
    semantic = {
        "eos_token_id": _MEANINGS,
        "semantic_vocab_size": _MEANINGS,
        "max_new_tokens": 48,
        "text_encoding_offset": offset,
        "text_pad_token": text_pad,
        "semantic_infer_token": text_pad + 4,
        **drawn,
    }
    coarse = {
        "coarse_semantic_pad_token": _MEANINGS + 2 * _CODES,
        "coarse_infer_token": _MEANINGS + 2 * _CODES + 2,
        "max_coarse_input_length": 64,
        "max_coarse_history": 60,
        "sliding_window_len": 30,
        **drawn,
    }
    fine = {
        "max_fine_history_length": 64,
        "max_fine_input_length": 128,
        "temperature": None if steady else 0.5,
    }
    return {
        "model_type": "bark",
        "semantic_config": semantic,
        "coarse_acoustics_config": coarse,
        "fine_acoustics_config": fine,
        "sample_rate": 24_000,
        "codebook_size": _CODES,
    }


def _write_presets(folder: Path, presets: Sequence[str]) -> None:
    draw = np.random.default_rng(0)
    listed: dict[str, Any] = {"repo_or_path": "suno/bark-small"}
    for preset in presets:
        prompts = {
            "semantic_prompt": draw.integers(0, _MEANINGS, 40),
            "coarse_prompt": draw.integers(0, _CODES, (2, 60)),
            "fine_prompt": draw.integers(0, _CODES, (8, 60)),
        }
        listed[preset] = {part: f"speaker_embeddings/{preset}_{part}.npy" for part in prompts}
        for part, prompt in prompts.items():
            path = folder / listed[preset][part]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(as_npy(prompt))
    (folder / "speaker_embeddings_path.json").write_text(json.dumps(listed))


def _decide_end(norm: Any, heads: Sequence[Any], *, end: int, at_once: bool) -> None:
    """Make one dimension of the last layer decide, for any text, that the model ends at once or never."""
    import torch

    with torch.no_grad():
        norm.bias[0] = 8.0
        for head in heads:
            head.weight[:, 0] = 0.0
            head.weight[end, 0] = 20.0 if at_once else -8.0


def _pieces() -> list[str]:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'-[]♪"
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]


def build_parler(root: Path, *, steady: bool = False, silent: bool = False, safetensors: bool = True) -> Path:
    """Build Parler-TTS. With `silent` it ends each text before the first token."""
    from transformers import AutoModel, DacConfig, T5Config

    from worker.engines.parler import import_parler

    folder = _begin(root, "parler-tts_parler-tts-mini-v1.1")
    library = import_parler()
    _unigrams(120, ending=True).save_pretrained(_begin(root, "google_flan-t5-large"))
    _unigrams(110, ending=False).save_pretrained(folder)
    reader = T5Config(
        vocab_size=128,
        d_model=24,
        d_kv=8,
        d_ff=32,
        num_layers=1,
        num_heads=2,
        feed_forward_proj="gated-gelu",
        is_encoder_decoder=False,
        use_cache=False,
    )
    codec = DacConfig(
        encoder_hidden_size=8,
        downsampling_ratios=[2, 4, 8, 8],
        decoder_hidden_size=64,
        n_codebooks=9,
        codebook_size=_PARLER_CODES,
        codebook_dim=4,
        sampling_rate=44_100,
    )
    decoder = library.ParlerTTSDecoderConfig(
        vocab_size=_PARLER_CODES + 1,
        max_position_embeddings=1024,
        num_hidden_layers=2,
        ffn_dim=32,
        num_attention_heads=2,
        layerdrop=0.0,
        hidden_size=16,
        dropout=0.0,
        num_codebooks=9,
        pad_token_id=_PARLER_CODES,
        eos_token_id=_PARLER_CODES,
        bos_token_id=_PARLER_CODES + 1,
    )
    config = library.ParlerTTSConfig.from_sub_models_config(
        reader,
        codec,
        decoder,
        vocab_size=128,
        prompt_cross_attention=False,
        pad_token_id=_PARLER_CODES,
        decoder_start_token_id=_PARLER_CODES + 1,
    )
    model = library.ParlerTTSForConditionalGeneration(
        config=config, audio_encoder=AutoModel.from_config(config.audio_encoder)
    )
    _amplify(model.embed_prompts, 60.0)
    for part in (model.decoder, model.enc_to_dec_proj):
        _amplify(part, 20.0)
    _amplify(model.audio_encoder.decoder, 2.0)
    if silent:
        last = model.decoder.model.decoder.layer_norm
        _decide_end(last, model.decoder.lm_heads, end=_PARLER_CODES, at_once=True)
    choices = model.generation_config
    choices.decoder_start_token_id = choices.bos_token_id = _PARLER_CODES + 1
    choices.pad_token_id = choices.eos_token_id = _PARLER_CODES
    choices.max_length, choices.min_new_tokens = 129, 0 if silent else 60
    choices.do_sample, choices.guidance_scale = not steady, 1
    return _save(model, folder, safetensors=safetensors)


def _unigrams(size: int, *, ending: bool) -> Any:
    """Return a Unigram tokenizer like T5's. With `ending` it adds the end token, as for descriptions."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=size, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(_SENTENCES * 3, trainer)
    if ending:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )


def as_npy(array: Any, *, allow_pickle: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=allow_pickle)
    return file.getvalue()


def _begin(root: Path, name: str) -> Path:
    import torch

    from worker.engines.pretrained import quiet_library

    quiet_library()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _save(model: Any, folder: Path, *, safetensors: bool) -> Path:
    import torch

    model.save_pretrained(folder)
    if not safetensors:
        torch.save(model.state_dict(), folder / PICKLED)
        (folder / "model.safetensors").unlink()
    return folder


def _amplify(module: Any, factor: float) -> None:
    """Multiply the weights. With the initial weights for training, the sound would be nearly silent."""
    import torch

    with torch.no_grad():
        for weight in module.parameters():
            if weight.dim() > 1:
                weight.mul_(factor)


def _pin_durations(model: Any, *, frames: float) -> None:
    """Fix the duration of each token by making the last step of the flow ignore its input.

    With random weights some letters would last for minutes.
    """
    import torch

    last = model.duration_predictor.flows[0]
    with torch.no_grad():
        last.log_scale.fill_(8.0)
        last.translate.zero_()
        last.translate[0] = -math.log(frames) * math.exp(8.0)


def _characters() -> bytes:
    """Return a character model of sentencepiece with SpeechT5's special ids and without digits."""
    import sentencepiece

    file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_SENTENCES * 4),
        model_writer=file,
        model_type="char",
        vocab_size=90,
        hard_vocab_limit=False,
        character_coverage=1.0,
        bos_id=0,
        pad_id=1,
        eos_id=2,
        unk_id=3,
        minloglevel=2,
    )
    return file.getvalue()


BUILDERS: dict[str, Any] = {
    "mms": build_mms,
    "speecht5": build_speecht5,
    "bark": build_bark,
    "parler": build_parler,
}


def families_here() -> tuple[str, ...]:
    """Return the families whose libraries this environment has."""
    return ("parler",) if find_spec("parler_tts") else ("mms", "speecht5", "bark")


if __name__ == "__main__":
    for family in sys.argv[2:] or families_here():
        BUILDERS[family](Path(sys.argv[1]))
