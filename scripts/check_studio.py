"""Build the studio and test it: types and units by `npm run check`, then by `npm run e2e` in a browser.

    python scripts/check_studio.py          the tests
    python scripts/check_studio.py bench    only what is measured

The browser's tests find Chromium in CHROMIUM, and in PYTHON the interpreter that starts a service. Chromium and Node.js
are fetched where they are missing.
"""

import sys

import build_studio
import studio_packages
from studio_browser import find_browser
from studio_packages import Failed

from cli.studio.nodejs import FRONTEND, NoNode, find_node


def main() -> int:
    try:
        node = find_node()
        browser = find_browser(node)
        build_studio.build(FRONTEND, show=True)
        tested_by = {"CHROMIUM": browser, "PYTHON": sys.executable}
        for name in sys.argv[1:] or ("check", "e2e"):
            studio_packages.run(node, FRONTEND, "run", name, show=True, env=tested_by)
    except (NoNode, Failed) as error:
        sys.stderr.write(f"\nThe studio's tests failed: {str(error).rstrip('.')}.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
