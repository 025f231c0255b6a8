"""Titles of recordings. The studio's tests read the same cases."""

import json
from pathlib import Path

import pytest

from common.recordings.titles import title_of
from tests.support import __file__ as support

CASES = json.loads((Path(support).parent / "title_cases.json").read_text("utf-8"))


@pytest.mark.parametrize(("text", "title"), CASES)
def test_the_title_is_the_first_heading_or_line_without_marks(text: str, title: str) -> None:
    assert title_of(text) == title
