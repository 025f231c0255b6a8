"""Build the studio and test it: types and unit tests with `npm run check`, browser tests with `npm run e2e`.

    python scripts/check_studio.py                run the tests
    python scripts/check_studio.py bench          run only the benchmarks
    python scripts/check_studio.py screenshots    take screenshots of every screen

The browser tests read two environment variables: CHROMIUM, the browser, and PYTHON, the interpreter that starts a
service. A missing Chromium is downloaded where possible.
"""

import sys

import build_studio
import studio_packages
from studio_browser import find_browser
from studio_packages import StudioError

from cli.studio.nodejs import FRONTEND, NoNode, find_node


def main() -> int:
    try:
        node = find_node()
        browser = find_browser(node)
        build_studio.build(FRONTEND, show=True)
        env = {"CHROMIUM": browser, "PYTHON": sys.executable}
        for script in sys.argv[1:] or ("check", "e2e"):
            studio_packages.run(node, FRONTEND, "run", script, show=True, env=env)
    except (NoNode, StudioError) as error:
        sys.stderr.write(f"\nThe studio's tests failed: {str(error).rstrip('.')}.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
