"""The catalogue of models, voices and weights."""

import re

import pytest

from common.catalogue import (
    MODELS,
    find_model,
    find_voice,
    find_weights,
    hub_model,
    voices,
    voices_of,
    weights_of,
)
from common.catalogue.mms import NEEDED, SHOWN, languages
from common.catalogue.styles import bark_tags, check_style
from common.catalogue.voices import VOICE_ID
from common.catalogue.weights import NEWEST
from common.errors import InvalidRequest, NotFound, OratioError


def test_every_voice_has_a_model_weights_and_a_unique_id() -> None:
    for voice_id, voice in voices().items():
        assert voice.id == voice_id
        assert VOICE_ID.fullmatch(voice_id)
        assert find_model(voice.model).alias == voice.model
        assert find_weights(voice.weights).model == voice.model
        assert voice.languages
        assert hub_model(voice).count("/") == 1


def test_every_model_has_voices_and_weights() -> None:
    for alias in MODELS:
        assert voices_of(alias)
        assert weights_of(alias)
        assert any(weights.needed for weights in weights_of(alias))


def test_the_number_of_voices_of_each_model() -> None:
    counts = {alias: len(voices_of(alias)) for alias in MODELS}
    assert counts == {
        "hibari": 5,
        "kokoro": 54,
        # The named speakers, and a voice that only the style describes.
        "parler": 34 + 1,
        "bark": 13 * 10,
        "speecht5": 7,
        "mms": 1143,
    }


def test_revisions_are_commits_and_folders_are_named_after_repositories() -> None:
    sources = [source for alias in MODELS for weights in weights_of(alias) for source in weights.repositories]
    pinned = [source for source in sources if source.revision != NEWEST]
    assert all(re.fullmatch(r"[0-9a-f]{40}", source.revision) for source in pinned)
    # Only languages of MMS use the newest commit.
    loose = [source for source in sources if source.revision == NEWEST]
    assert all(source.hub_id.startswith("facebook/mms-tts-") for source in loose)
    assert all(source.folder == source.hub_id.replace("/", "_") for source in sources)
    assert find_weights("mms_eng").repositories[0].revision != NEWEST


def test_mms_languages_have_codes_tags_and_names() -> None:
    known = languages()
    assert list(known)[: len(SHOWN)] == list(SHOWN)
    assert (known["swh"].tag, known["swh"].name) == ("sw", "Swahili")
    assert known["uig-script_arabic"].tag == "ug-Arab"
    assert {weights.key for weights in weights_of("mms") if weights.needed} == {
        f"mms_{code}" for code in NEEDED
    }
    for language in known.values():
        assert re.fullmatch(r"[a-z]{2,3}(-[A-Z][a-z]{3})?", language.tag), language


def test_a_mix_combines_voices_into_one() -> None:
    mix = find_voice("af_heart(2)+af_sky(1)")
    assert (mix.model, mix.weights, mix.engine_voice) == ("kokoro", "kokoro", "af_heart(2)+af_sky(1)")
    assert mix.engine_voices == ("af_heart", "af_sky")
    assert [round(share, 4) for _, share in mix.mix] == [0.6667, 0.3333]
    assert find_voice("af_heart+bm_george(0.5)").gender == "unknown"


@pytest.mark.parametrize(
    ("voice_id", "code"),
    [
        ("af_heart(2)+hibari_heart", "invalid_voice_id"),
        ("af_heart(2)+", "invalid_voice_id"),
        ("af_heart(-1)+af_sky", "invalid_voice_id"),
        ("af_heart(0)+af_sky(0)", "invalid_voice_id"),
        ("+".join(["af_heart"] * 9), "invalid_voice_id"),
        ("../../etc/passwd", "invalid_voice_id"),
        ("af_heart(2)+../x", "invalid_voice_id"),
        ("a" * 65, "invalid_voice_id"),
        ("", "invalid_voice_id"),
        ("af_heart(2)+nobody", "voice_not_found"),
        ("nobody", "voice_not_found"),
        ("mms_ita", "voice_not_found"),
        ("fake_a", "voice_not_found"),
    ],
)
def test_invalid_and_unknown_voice_ids_are_refused(voice_id: str, code: str) -> None:
    with pytest.raises((InvalidRequest, NotFound)) as caught:
        find_voice(voice_id)
    assert caught.value.code == code


def test_unlisted_voices_of_a_models_folder_are_found() -> None:
    for voice_id, model in (("af_tomorrow", "kokoro"), ("speecht5_mine", "speecht5")):
        voice = find_voice(voice_id)
        assert (voice.model, voice.listed) == (model, False)
    assert find_voice("af_tomorrow").languages == ("en-US",)
    assert find_voice("af_heart+af_tomorrow").listed is False


@pytest.mark.parametrize(
    ("style", "tags"),
    [
        ("laughs", ("laughs",)),
        ("[laughs] [MAN]", ("laughs", "man")),
        ("Clears throat, singing", ("clears throat", "♪")),
        ("♪", ("♪",)),
        ("sighs,sighs", ("sighs",)),
        (" , ", ()),
    ],
)
def test_bark_tags_are_parsed(style: str, tags: tuple[str, ...]) -> None:
    assert bark_tags(style) == tags


def test_an_unknown_bark_style_is_refused() -> None:
    with pytest.raises(OratioError, match="Bark has no style 'in a huff'"):
        check_style(find_voice("bark_en_0"), "in a huff")
    check_style(find_voice("parler_laura"), "in a huff")
    check_style(find_voice("bark_en_0"), None)
