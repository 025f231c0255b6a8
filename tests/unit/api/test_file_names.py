"""File names of recordings: hostile titles, parsed from the header and written to disk."""

import re
import unicodedata
from pathlib import Path
from urllib.parse import unquote

import pytest

from api.http.file_names import content_disposition, file_stem

# The grammar of RFC 5987: only `attr-char` and hexadecimal octets.
HEADER = re.compile(
    r'attachment; filename="oratio-7\.mp3"; filename\*=UTF-8\'\'((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})+)'
)
HOSTILE = [
    "../../etc/passwd",
    "..\\..\\windows\\system32",
    "/etc/passwd",
    "C:\\autoexec.bat",
    "-rf",
    ".bashrc",
    "a\r\nSet-Cookie: b=c",
    'say "hello"; filename=evil.exe',
    "what? <b>no</b> | yes * maybe:",
    "gpj.\u202egnp.exe",
    "a\u200b\u200e\u2066b\u2069\ufeff",
    "tab\tnul\x00bell\x07del\x7f\x85",
    "line\u2028para\u2029",
    "100% of %2f and %00",
    "'' UTF-8''x",
    "猫" * 300,
    "👩‍👩‍👧" * 60,
    "e\u0301" * 100 + " ",
    "x" * 79 + ". tail",
    "half \ud800 pair",
]


@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_title_becomes_a_safe_name(title: str, tmp_path: Path) -> None:
    stem = file_stem(title)
    assert stem
    assert not set(stem) & set('/\\:*?"<>|')
    assert not [
        one
        for one in stem
        if unicodedata.category(one)[0] in "C" or unicodedata.category(one) in ("Zl", "Zp")
    ]
    assert stem == stem.strip(" .-")
    assert len(stem) <= 200
    # The longest possible name: with a number and the longest extension.
    written = tmp_path / f"500_{stem}.flac"
    written.touch()
    assert [path.name for path in tmp_path.iterdir()] == [written.name]


@pytest.mark.parametrize("title", [*HOSTILE, "Good morning", "Ça va ? L'été, à 100 € !"])
def test_the_header_decodes_to_the_name(title: str) -> None:
    header = content_disposition(title, job_id="7", extension="mp3", download=True)
    found = HEADER.fullmatch(header)
    assert found, header
    assert unquote(found[1], errors="strict") == f"{file_stem(title)}.mp3"


@pytest.mark.parametrize(
    ("title", "stem"),
    [
        ("Good morning!", "Good morning!"),
        ("  Two\n lines ", "Two lines"),
        ("1/2 and 3:4", "1-2 and 3-4"),
        ("Élan, déjà vu", "Élan, déjà vu"),
        ("Really? Yes...", "Really Yes"),
        ("con", "_con"),
        ("Aux.", "_Aux"),
        ("NUL.txt", "_NUL.txt"),
        ("com¹", "_com¹"),
        ("LPT9 .x", "_LPT9 .x"),
        ("The first words…", "The first words"),
        ("A title of many words, " * 8, ("A title of many words, " * 8).strip()),
        ("Contact", "Contact"),
        ("com10", "com10"),
    ],
)
def test_titles_become_names(title: str, stem: str) -> None:
    assert file_stem(title) == stem


@pytest.mark.parametrize("title", ["", "   ", "...", "../..", "???", "\u202e\u200b", "—"])
def test_without_a_usable_title_the_id_is_the_name(title: str) -> None:
    assert file_stem(title) is None
    header = content_disposition(title, job_id="7", extension="srt", download=False)
    assert header == 'inline; filename="oratio-7.srt"'
