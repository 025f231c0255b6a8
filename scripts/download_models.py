"""Download models into a folder, without a service.

    python scripts/download_models.py --dest models                     all needed models
    python scripts/download_models.py --dest models kokoro mms_deu      models, weights or voices

HF_TOKEN is the token for models that need one. An interrupted download resumes where it stopped.
"""

import argparse
import sys
from pathlib import Path

# For environments that have our dependencies, but not this project installed.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def main() -> int:
    from cli.commands.configuration import read_settings
    from cli.commands.direct_download import download_models

    arguments = _arguments()
    settings = read_settings()
    return download_models(
        settings,
        arguments.names,
        folder=arguments.dest or settings.models_dir,
        endpoint=arguments.endpoint or settings.hf_endpoint,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="a model such as kokoro, weights such as mms_deu, or a voice"
    )
    parser.add_argument("--dest", type=Path, help="the models folder (default: ORATIO_MODELS_DIR)")
    parser.add_argument("--endpoint", help="URL of the Hugging Face Hub (default: HF_ENDPOINT)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
