"""Download models into a folder, without a service.

    python scripts/download_models.py --dest models                     what is needed
    python scripts/download_models.py --dest models kokoro mms_deu      families, keys, or voices

A token for models that need one is taken from HF_TOKEN. What was begun goes on where it stopped.
"""

import argparse
import sys
from pathlib import Path

# For an environment that has what we need, but not ourselves.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def main() -> int:
    from cli.commands.configuration import read_settings
    from cli.commands.direct_download import download_models

    asked = _arguments()
    settings = read_settings()
    return download_models(
        settings,
        asked.names,
        folder=asked.dest or settings.models_dir,
        endpoint=asked.endpoint or settings.hf_endpoint,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="a family, a key such as mms_deu, or a voice"
    )
    parser.add_argument("--dest", type=Path, help="the models folder; else ORATIO_MODELS_DIR")
    parser.add_argument("--endpoint", help="the hub; else HF_ENDPOINT")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
