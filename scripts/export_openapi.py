"""Writes the OpenAPI document of the API to frontend/openapi.json, from which the studio's types are generated.

Usage: python scripts/export_openapi.py
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

DOCUMENT = ROOT / "frontend" / "openapi.json"


def render_document() -> str:
    """Return the content of the file. Keys are sorted, so that a diff shows only what has changed."""
    from api.app import create_app
    from common.settings import Settings

    document = create_app(Settings(_env_file=None)).openapi()
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> int:
    new = render_document()
    if not DOCUMENT.exists() or DOCUMENT.read_text("utf-8") != new:
        DOCUMENT.write_text(new, "utf-8")
        sys.stdout.write(f"{DOCUMENT.relative_to(ROOT)} written.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
