"""`oratio models` with scripted responses: load errors, unknown names, and progress bars."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli.commands import download_plan
from cli.commands.model_names import unknown_names_message
from cli.commands.up import _models
from cli.output.progress import DownloadBars
from cli.service import worker_groups
from common.catalogue.download_items import DownloadItem
from tests.support.command import oratio
from tests.support.scripted import event_stream, json_response, scripted_server

TROUBLE = "The weights of bark cannot be loaded (OSError): download them again, which mends what is damaged."


def worker(**result: Any) -> dict[str, Any]:
    return {"device": "cpu", "loaded": False, "trouble": None} | result


def weights(key: str, *workers: dict[str, Any]) -> dict[str, Any]:
    return {
        **{"key": key, "need": "needed", "state": "complete", "size_bytes": 1000, "revision": None},
        **{"download": None, "workers": workers},
    }


@pytest.fixture
def broken() -> Iterator[str]:
    """A service where two workers failed to load bark and two have loaded kokoro."""
    bark = weights("bark", *[worker(trouble=TROUBLE)] * 2)
    kokoro = weights("kokoro", *[worker(loaded=True)] * 2)
    models = [{"alias": one["key"], "weights": [one]} for one in (bark, kokoro)]
    with scripted_server({"GET /models/status": [json_response({"models": models})]}) as script:
        yield script.url


def test_load_errors_are_listed_below_the_table(broken: str, tmp_path: Path) -> None:
    result = oratio("models", "status", folder=tmp_path, url=broken)

    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[1].split() == ["bark", "yes", "complete", "1.0", "kB", "failed"]
    assert lines[2].split()[-3:] == ["cpu", "x", "2"]
    assert lines[3] == f"bark failed to load: {TROUBLE}"
    assert "1,143 languages" in lines[4]
    assert "models download mms_swh" in lines[4]


def download(status: str, **more: Any) -> dict[str, Any]:
    return {"id": "d", "model": "mms", "item": "mms_deu", "status": status} | more


def test_a_download_prints_json_lines(tmp_path: Path) -> None:
    broken = download("failed", error_code="download_failed", error_message="Gated.")
    script = {
        "POST /models/download": [
            json_response({"downloads": [download("queued")], "present": ["kokoro"]}, status=202)
        ],
        "GET /models/downloads/d/events": [
            event_stream(
                (None, "snapshot", download("queued", bytes_done=0, bytes_total=0)),
                (None, "progress", {"bytes_done": 5, "bytes_total": 10, "percent": 50.0}),
                (None, "failed", {"code": "download_failed", "message": "Gated."}),
            )
        ],
        "GET /models/downloads/d": [json_response(broken)],
    }
    with scripted_server(script) as service:
        result = oratio("models", "download", "mms_deu", "kokoro", "--json", folder=tmp_path, url=service.url)
    first, *_, half, last = map(json.loads, result.stdout.splitlines())
    assert first == {"downloads": ["mms_deu"], "present": ["kokoro"]}
    assert (half["name"], half["done_bytes"], half["total_bytes"], half["ended"]) == ("mms_deu", 5, 10, False)
    assert (last["ended"], last["reason"]) == (True, "Gated. (download_failed)")
    assert result.returncode == 1


def test_warm_prints_its_outcomes_as_json(tmp_path: Path) -> None:
    answer = {"told": [{"worker": "w", "weights": "bark"}], "not_served": [], "stays": ["hibari"]}
    bark = {"alias": "bark", "weights": [weights("bark", worker(id="w", loaded=True))]}
    script = {
        "POST /models/warm": [json_response(answer, status=202)],
        "GET /models/status": [json_response({"models": [bark]})],
    }
    with scripted_server(script) as service:
        result = oratio("models", "warm", "bark", "hibari", "--json", folder=tmp_path, url=service.url)
    found = json.loads(result.stdout)
    assert (result.returncode, result.stderr, found["stays"]) == (0, "", ["hibari"])
    assert found["outcomes"] == [
        {"weights": "bark", "worker": "w", "done": True, "said": "bark is loaded on w."}
    ]


def test_unknown_names_are_listed() -> None:
    result = unknown_names_message(["mms_deu", "nosuch", "af_heart"])
    assert result.startswith("No model or voice is called nosuch.")
    assert "parler" in result


def test_a_download_plan_shows_the_size_and_missing_environments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_groups, "FOLDER", tmp_path)
    items = [DownloadItem("parler", "parler"), DownloadItem("bark", "bark"), DownloadItem("mms", "mms_fra")]
    assert download_plan.download_summary(items) == "Downloading parler, bark, mms_fra: about 5.7 GB."
    assert [hint.rpartition(": ")[2] for hint in download_plan.environment_hints(items)] == [
        "make setup-torch",
        "make setup-parler",
    ]
    (tmp_path / ".venv-torch").mkdir()
    (tmp_path / ".venv-torch" / ".run-gpl1").touch()
    (hint,) = download_plan.environment_hints(items)
    assert hint.startswith("Parler-TTS mini v1.1 needs the environment parler")


def test_a_bar_hides_unknown_sizes_and_failed_downloads() -> None:
    screen = io.StringIO()
    with DownloadBars(Console(file=screen, force_terminal=True, width=120), ["bark", "kokoro"]) as progress:
        progress.show("kokoro", 500_000, 1_000_000)
        progress.end("kokoro", succeeded=True)
        progress.end("bark", succeeded=False)
        shown_so_far = len(screen.getvalue())
    assert "/?" not in screen.getvalue()
    assert "0.5/1.0 MB" in screen.getvalue()
    assert "bark" not in screen.getvalue()[shown_so_far:].rpartition("kokoro")[2]


def test_the_summary_lists_models_by_availability() -> None:
    def model(alias: str, state: str, **worker: Any) -> dict[str, Any]:
        return {"alias": alias, "state": state, "workers": [worker] if worker else []}

    result = _models(
        [
            model("hibari", "complete", alive=True, voices_present=1),
            model("kokoro", "absent"),
            model("parler", "complete", alive=False, voices_present=5),
        ]
    )
    assert result.startswith("hibari; 1 more to download, see ")
    assert "no worker serves them: parler" in result
