"""Writes measured tables into RESULTS.md, between the markers of their benchmark."""

import re
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")


def write_section(name: str, content: str) -> None:
    """Replace the section between `<!-- name -->` and `<!-- end of name -->`. Raises ValueError if there is none."""
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    text = RESULTS.read_text()
    section = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    replaced, count = section.subn(lambda _: f"{start}\n\n{content}\n\n{end}", text)
    if count != 1:
        raise ValueError(f"{RESULTS} has no section {name!r}")
    RESULTS.write_text(replaced)
