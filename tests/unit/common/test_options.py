"""The stored form of job options."""

import json

from hypothesis import given
from hypothesis import strategies as st

from common.jobs.options import DEFAULTS, Options

_OPTIONS = st.builds(
    Options,
    normalize=st.booleans(),
    mastering=st.booleans(),
    lexicon=st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3),
    streamed=st.booleans(),
    keep=st.booleans(),
    live_text=st.booleans(),
    stages=st.lists(st.text(max_size=8), max_size=3),
    stage_of_voice=st.dictionaries(st.text(max_size=8), st.integers(0, 3), max_size=3),
)


def test_default_options_store_nothing() -> None:
    assert DEFAULTS.as_row() == {}
    assert Options.from_row({}) == DEFAULTS


def test_only_differences_from_the_defaults_are_stored() -> None:
    assert Options(mastering=False, streamed=True).as_row() == {"mastering": False, "streamed": True}


def test_unknown_options_are_ignored() -> None:
    assert Options.from_row({"keep": False, "of_tomorrow": [1]}) == Options(keep=False)


@given(_OPTIONS)
def test_stored_options_are_read_back(options: Options) -> None:
    found = Options.from_row(json.loads(json.dumps(options.as_row())))
    assert found.as_row() == options.as_row()
    assert (list(found.stages), dict(found.stage_of_voice)) == (
        list(options.stages),
        dict(options.stage_of_voice),
    )
    assert (found.normalize, found.keep, found.live_text) == (
        options.normalize,
        options.keep,
        options.live_text,
    )
