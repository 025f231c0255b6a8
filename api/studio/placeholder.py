"""The page that stands where the studio would: why it is not there, and what to do."""

import base64
import hashlib
import html
from dataclasses import dataclass
from pathlib import Path

from api.studio.files import DEFAULT_FOLDER

STYLE = """
:root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif; }
body { max-width: 42rem; margin: 12vh auto; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; }
pre { padding: 1rem; border: 1px solid GrayText; border-radius: 6px; overflow: auto; max-height: 50vh; }
"""
STYLE_SOURCE = f"'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"


@dataclass(frozen=True, slots=True)
class _Texts:
    language: str
    title: str
    never: str
    failed: str
    advice: str
    elsewhere: str
    meanwhile: str


_ENGLISH = _Texts(
    "en",
    "The studio is not built",
    "Nobody has built it on this machine yet.",
    "Its last build failed. This is the end of what it said:",
    "builds it, and says what is missing for that. Then load this page again; the service need not be restarted.",
    "The service looks for it in {folder}, as the setting {name} says, and {make} builds it in {usual}. Have the"
    " setting name a folder that holds a built page, or take it away; then start the service again.",
    "The service works without it: <a href='{docs}'>the description of its API</a>.",
)
_FRENCH = _Texts(
    "fr",
    "Le studio n'est pas construit",
    "Personne ne l'a encore construit sur cette machine.",
    "Sa dernière construction a échoué. Voici la fin de ce qu'elle a dit :",
    "le construit, et dit ce qui manque pour cela. Rechargez ensuite cette page ; inutile de redémarrer le service.",
    "Le service le cherche dans {folder}, comme le dit le réglage {name}, et {make} le construit dans {usual}. Indiquez"
    " par ce réglage un dossier qui contient une page construite, ou retirez-le ; puis redémarrez le service.",
    "Le service fonctionne sans lui : <a href='{docs}'>la description de son API</a>.",
)


def page(*, build_error: str | None, french: bool, docs: str, elsewhere: Path | None = None) -> str:
    """`docs` is the address of the API's description; `elsewhere` the folder, where it is not the usual one."""
    texts = _FRENCH if french else _ENGLISH
    reasons = []
    if build_error is not None:
        reasons.append(f"<p>{texts.failed}</p>\n<pre>{html.escape(build_error)}</pre>")
    elif elsewhere is None:
        reasons.append(f"<p>{texts.never}</p>")
    if elsewhere is None:
        reasons.append(f"<p>{_code('make studio')} {texts.advice}</p>")
    else:
        reasons.append(f"<p>{_folder_mismatch(texts, elsewhere)}</p>")
    reason = "\n".join(reasons)
    return f"""<!doctype html>
<html lang="{texts.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>OratioViva: {texts.title}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{texts.title}</h1>
{reason}
<p>{texts.meanwhile.format(docs=html.escape(docs))}</p>
</body>
</html>
"""


def _folder_mismatch(texts: _Texts, folder: Path) -> str:
    return texts.elsewhere.format(
        folder=_code(folder),
        name=_code("ORATIO_FRONTEND_DIR"),
        make=_code("make studio"),
        usual=_code(DEFAULT_FOLDER),
    )


def _code(value: object) -> str:
    return f"<code>{html.escape(str(value))}</code>"
