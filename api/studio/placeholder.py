"""The page shown while the studio is not built: the reason, and what to do."""

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
    not_built: str
    failed: str
    build: str
    other_folder: str
    service: str


_ENGLISH = _Texts(
    "en",
    "The studio is not built",
    "It has not been built on this machine yet.",
    "The last build failed. This is the end of its output:",
    "builds it, and tells you if something is missing. Then reload this page. The service does not need a restart.",
    "The setting {name} names the folder {folder}, but {make} builds the studio in {default}. Set it to a folder that"
    " contains a built studio, or remove the setting. Then restart the service.",
    "The service works without the studio. See <a href='{docs}'>the API documentation</a>.",
)
_FRENCH = _Texts(
    "fr",
    "Le studio n'est pas construit",
    "Il n'a pas encore été construit sur cette machine.",
    "La dernière construction a échoué. Voici la fin de sa sortie :",
    "le construit et indique ce qui manque éventuellement. Rechargez ensuite cette page, sans redémarrer le service.",
    "Le réglage {name} indique le dossier {folder}, mais {make} construit le studio dans {default}. Indiquez un dossier"
    " qui contient un studio construit, ou supprimez ce réglage. Redémarrez ensuite le service.",
    "Le service fonctionne sans le studio. Consultez <a href='{docs}'>la documentation de son API</a>.",
)


def page(*, build_error: str | None, french: bool, docs: str, other_folder: Path | None = None) -> str:
    """Return the HTML. `docs` is the address of the API documentation, `other_folder` any folder but the default."""
    texts = _FRENCH if french else _ENGLISH
    reasons = []
    if build_error is not None:
        reasons.append(f"<p>{texts.failed}</p>\n<pre>{html.escape(build_error)}</pre>")
    elif other_folder is None:
        reasons.append(f"<p>{texts.not_built}</p>")
    if other_folder is None:
        reasons.append(f"<p>{_code('make studio')} {texts.build}</p>")
    else:
        reasons.append(f"<p>{_folder_mismatch(texts, other_folder)}</p>")
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
<p>{texts.service.format(docs=html.escape(docs))}</p>
</body>
</html>
"""


def _folder_mismatch(texts: _Texts, folder: Path) -> str:
    return texts.other_folder.format(
        folder=_code(folder),
        name=_code("ORATIO_FRONTEND_DIR"),
        make=_code("make studio"),
        default=_code(DEFAULT_FOLDER),
    )


def _code(value: object) -> str:
    return f"<code>{html.escape(str(value))}</code>"
