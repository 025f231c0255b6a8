"""Build the studio and test it: types and units by `npm run check`, then by `npm run e2e` in a browser.

    python scripts/check_studio.py

The browser's tests find Chromium in CHROMIUM, and in PYTHON the interpreter that starts a service. What is missing is
named, and then nothing is run.
"""

import os
import shutil
import sys

import build_studio
import studio_packages
from studio_packages import Failed

from cli.node import FRONTEND, NoNode, find_node

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> int:
    try:
        browser = find_browser()
        node = find_node()
        build_studio.build(FRONTEND, show=True)
        tested_by = {"CHROMIUM": browser, "PYTHON": sys.executable}
        for name in ("check", "e2e"):
            studio_packages.run(node, FRONTEND, "run", name, show=True, env=tested_by)
    except (NoNode, Failed) as error:
        sys.stderr.write(f"\nThe studio's tests failed: {str(error).rstrip('.')}.\n")
        return 1
    return 0


def find_browser() -> str:
    """Raises Failed."""
    named = os.environ.get("CHROMIUM")
    found = [path for name in ((named,) if named else _BROWSERS) if (path := shutil.which(name))]
    if found:
        return found[0]
    wanted = f"CHROMIUM names {named}, which is no program" if named else "Chromium is missing"
    raise Failed(
        f"{wanted}. On Debian `apt-get install chromium` installs it; CHROMIUM=/path names another Chrome"
    )


if __name__ == "__main__":
    sys.exit(main())
