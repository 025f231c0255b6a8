"""`oratio jobs`, `history`, `voices` and `export`, and their client, with a running service."""

import json
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

import cli.client
from cli.client import Client, ClientError, Job
from cli.output.tables import single_line, time_zone_name
from cli.service.stack import Stack
from tests.support.command import ORATIO, environment, oratio
from tests.support.waiting import wait_for

# If the tests run in the background, SIGINT is ignored, and every child would inherit that.
RESTORE_SIGINT = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with Client(stack.url) as opened:
        yield opened


@pytest.fixture
def completed(client: Client) -> Job:
    return client.result(client.submit("Words :smile: [bold]in a row\n[/bold].", voice_id="fake").job_id)


@pytest.fixture
def failed(client: Client) -> Job:
    return client.wait(client.submit("[[fail]] Words.", voice_id="fake").job_id)


@pytest.fixture
def slow(client: Client) -> Iterator[Job]:
    # Many segments, because a worker notices a cancellation between segments.
    sentence = f"[[slow:0.3]] {'Word ' * 50}and the end. "
    job = client.submit(sentence * 300, voice_id="fake")
    yield wait_for(lambda: found if (found := client.job(job.job_id)).status == "running" else None)
    client.delete(job.job_id)


def rows(result: str) -> dict[str, list[str]]:
    """Return the words of each line by its first word."""
    return {line.split()[0]: line.split()[1:] for line in result.splitlines()}


# Lists.


def test_jobs_without_a_subcommand_lists_jobs(
    stack: Stack, completed: Job, failed: Job, tmp_path: Path
) -> None:
    result = oratio("jobs", folder=tmp_path, url=stack.url)

    assert result.returncode == 0, result.stderr
    found = rows(result.stdout)
    assert found["Job"] == [
        "Status",
        "Created",
        f"({time_zone_name()})",
        "Voice",
        "Format",
        "Duration",
        "Text",
    ]
    assert found[failed.job_id][0] == "failed"
    assert found[completed.job_id][0] == "completed"
    assert "Words :smile: [bold]in a row [/bold]." in result.stdout


def test_jobs_are_filtered_by_status_and_voice(
    stack: Stack, completed: Job, failed: Job, tmp_path: Path
) -> None:
    result = oratio("jobs", "--status", "failed", "--voice", "fake", "--json", folder=tmp_path, url=stack.url)
    output = json.loads(result.stdout)
    assert failed.job_id in [job["job_id"] for job in output]
    assert {job["status"] for job in output} == {"failed"}

    nobody = ("--voice", "parler_laura", "--status", "failed")
    none = oratio("jobs", "list", *nobody, folder=tmp_path, url=stack.url)
    assert (none.returncode, none.stdout) == (0, "No jobs match.\n")

    wrong = oratio("jobs", "--status", "lost", folder=tmp_path, url=stack.url)
    assert wrong.returncode == 2


def test_jobs_show_prints_details(stack: Stack, client: Client, failed: Job, tmp_path: Path) -> None:
    result = oratio("jobs", "show", failed.job_id, folder=tmp_path, url=stack.url)
    assert result.returncode == 0, result.stderr
    assert rows(result.stdout)["Error"][-1] == "(engine_failed)"

    for_programs = oratio("jobs", "show", failed.job_id, "--json", folder=tmp_path, url=stack.url)
    assert json.loads(for_programs.stdout) == client.job(failed.job_id).raw

    unknown = oratio("jobs", "show", NOBODY, folder=tmp_path, url=stack.url)
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert len(unknown.stderr.splitlines()) == 1
    assert "(job_not_found)" in unknown.stderr


def test_control_characters_are_removed_from_output() -> None:
    assert single_line("a\x1b[31mb\n\tc\x07\u202e") == "a[31mb c"


def test_the_client_lists_all_jobs_newest_first(client: Client, completed: Job, failed: Job) -> None:
    everything = [job.job_id for job in client.jobs()]
    assert everything[:2] == [failed.job_id, completed.job_id]
    assert [job.job_id for job in client.jobs(limit=1)] == everything[:1]


# Actions on jobs.


def test_a_job_that_cannot_be_cancelled_does_not_stop_the_others(
    stack: Stack, client: Client, completed: Job, slow: Job, tmp_path: Path
) -> None:
    result = oratio("jobs", "cancel", completed.job_id, slow.job_id, folder=tmp_path, url=stack.url)

    assert result.returncode == 1
    assert result.stdout == f"{slow.job_id}: cancelled\n"
    assert result.stderr.startswith(f"{completed.job_id}: ")
    assert "(job_ended)" in result.stderr
    assert client.job(slow.job_id).status == "cancelled"


def test_jobs_are_retried_and_deleted(stack: Stack, client: Client, failed: Job, tmp_path: Path) -> None:
    again = oratio("jobs", "retry", failed.job_id, "--json", folder=tmp_path, url=stack.url)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout) == {"job_id": failed.job_id, "done": True, "error": None}
    assert client.wait(failed.job_id).attempts == 2

    gone = oratio("jobs", "delete", failed.job_id, NOBODY, "--json", folder=tmp_path, url=stack.url)
    assert gone.returncode == 1
    first, second = map(json.loads, gone.stdout.splitlines())
    assert (first["done"], second["done"]) == (True, False)
    assert second["error"]["code"] == "job_not_found"
    with pytest.raises(ClientError) as refusal:
        client.job(failed.job_id)
    assert refusal.value.status == 410


def test_a_job_is_followed_to_its_end(stack: Stack, completed: Job, failed: Job, tmp_path: Path) -> None:
    well = oratio("jobs", "follow", completed.job_id, folder=tmp_path, url=stack.url)
    assert well.returncode == 0, well.stderr
    assert well.stdout.splitlines()[-1] == f"{completed.job_id}: completed, {completed.duration_s:.1f} s"

    badly = oratio("jobs", "follow", failed.job_id, "--json", folder=tmp_path, url=stack.url)
    output = [json.loads(line) for line in badly.stdout.splitlines()]
    assert [one["event"] for one in output] == ["snapshot", "failed"]
    assert (badly.returncode, output[-1]["data"]["code"]) == (1, "engine_failed")


def test_ctrl_c_while_following_does_not_cancel_the_job(
    stack: Stack, client: Client, slow: Job, tmp_path: Path
) -> None:
    watching = subprocess.Popen(
        [sys.executable, "-c", RESTORE_SIGINT, *ORATIO, "jobs", "follow", slow.job_id, "--json"],
        cwd=tmp_path,
        env=environment(url=stack.url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with watching:
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["event"] == "snapshot"
        watching.send_signal(signal.SIGINT)
        _, errors = watching.communicate(timeout=30)
    assert (watching.returncode, errors) == (130, "Stopped.\n")
    assert client.job(slow.job_id).status == "running"


# Recordings.


def test_recordings_are_listed_downloaded_renamed_kept_and_deleted(
    stack: Stack, client: Client, completed: Job, tmp_path: Path
) -> None:
    assert rows(oratio("history", folder=tmp_path, url=stack.url).stdout)[completed.job_id][2] == "fake"

    fetched = oratio("history", "get", completed.job_id, folder=tmp_path, url=stack.url)
    assert fetched.returncode == 0, fetched.stderr
    (saved,) = tmp_path.glob("*.wav")
    assert saved.stat().st_size == completed.size_bytes
    assert [one.job_id for one in client.history(limit=1)] == [completed.job_id]
    named = oratio("history", "rename", completed.job_id, "Zebra crossing", folder=tmp_path, url=stack.url)
    assert (named.returncode, named.stdout) == (0, f"{completed.job_id}: Zebra crossing\n")
    pair = oratio(
        "history", "get", completed.job_id, "--captions", "vtt", "-o", ".", folder=tmp_path, url=stack.url
    )
    assert (pair.returncode, pair.stderr) == (0, "")
    assert (tmp_path / "Zebra crossing.wav").exists()
    assert (tmp_path / "Zebra crossing.vtt").read_text().startswith("WEBVTT")
    filters = ("--q", "zebra", "--from", "2026-01-01", "--model", completed.model)
    found = rows(oratio("history", *filters, folder=tmp_path, url=stack.url).stdout)
    assert [name for name in found if name != "Job"] == [completed.job_id]
    assert list(client.history(query="zebra", until="2026-01-01")) == []
    assert client.recording(completed.job_id).title == "Zebra crossing"
    for options, done, is_kept in (((), "kept", True), (("--undo",), "not kept", False)):
        kept = oratio("history", "keep", completed.job_id, *options, folder=tmp_path, url=stack.url)
        assert (kept.returncode, kept.stdout) == (0, f"{completed.job_id}: {done}\n")
        assert client.recording(completed.job_id).kept is is_kept

    for name, start in (("a.flac", b"fLaC"), ("b.ogg", b"OggS"), ("c.WAV", b"RIFF"), ("d.sound", b"RIFF")):
        other = oratio("history", "get", completed.job_id, "-o", name, folder=tmp_path, url=stack.url)
        assert (other.returncode, other.stderr) == (0, "")
        assert (tmp_path / name).read_bytes()[:4] == start

    gone = oratio("history", "delete", completed.job_id, folder=tmp_path, url=stack.url)
    assert (gone.returncode, gone.stdout) == (0, f"{completed.job_id}: deleted\n")
    again = oratio("history", "get", completed.job_id, folder=tmp_path, url=stack.url)
    assert (again.returncode, "(deleted)" in again.stderr) == (1, True)


def test_recordings_are_exported(stack: Stack, completed: Job, failed: Job, tmp_path: Path) -> None:
    result = oratio(
        "export", completed.job_id, failed.job_id, "-o", "some.zip", folder=tmp_path, url=stack.url
    )
    assert result.returncode == 1
    assert result.stdout.startswith("some.zip: 1 recordings, ")
    assert result.stderr == f"{failed.job_id}: no audio to export.\n"
    with zipfile.ZipFile(tmp_path / "some.zip") as archive:
        assert archive.namelist() == ["001_Words -smile- [bold]in a row.wav", "manifest.json"]

    everything = oratio("export", "--all", "--json", folder=tmp_path, url=stack.url)
    output = json.loads(everything.stdout)
    assert (everything.returncode, output["file"], output["missing"]) == (0, "oratio.zip", [])
    assert output["recordings"] >= 1


@pytest.mark.parametrize("arguments", [[], [NOBODY, "--all"], [NOBODY, "-o", "nowhere/a.zip"]])
def test_invalid_arguments_of_export_are_refused(tmp_path: Path, arguments: list[str]) -> None:
    result = oratio("export", *arguments, folder=tmp_path, port="1")
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)


# Voices.


def test_voices_are_listed(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # without `oratio`
    result = oratio("voices", "--model", "hibari", folder=tmp_path, url=stack.url)
    assert result.returncode == 0, result.stderr
    assert rows(result.stdout)["hibari_heart"][-3:] == ["local", "default", "voice"]

    assert result.stdout.count("not downloaded: ") == 4
    for name, words in rows(result.stdout).items():
        assert "downloaded:" not in words or " ".join(words).endswith(f"oratio models download {name}")

    everyone = oratio("voices", folder=tmp_path, url=stack.url).stdout
    assert "POST /models" not in everyone
    assert "`oratio models" not in everyone
    available, _, others = everyone.partition("\n\n")
    assert "hibari_heart" in rows(available)
    assert "beep only" not in available
    assert "\nkokoro (54 voices, beep only): No worker" in others
    assert "\nhibari (4 voices): not downloaded: " in others
    assert rows(others)["hibari"][-3:] == ["models", "download", "VOICE"]
    # The end of the longest note, which shows that notes are not truncated.
    assert others.count("(`make setup-parler`).") == 1

    of_one_model = oratio("voices", "--model", "kokoro", folder=tmp_path, url=stack.url).stdout
    assert len(of_one_model.splitlines()) == 1 + 54

    for_programs = oratio("voices", "--language", "fr", "--json", folder=tmp_path, url=stack.url)
    languages = [voice["languages"] for voice in json.loads(for_programs.stdout)]
    assert languages
    assert all(any(tag.startswith("fr") for tag in some) for some in languages)


@pytest.mark.parametrize(
    "command", [["jobs"], ["history"], ["voices"], ["export", "--all"], ["jobs", "show", "x"]]
)
def test_without_a_service_the_command_says_how_to_start_or_name_one(
    tmp_path: Path, command: list[str]
) -> None:
    result = oratio(*command, folder=tmp_path, port="1")
    assert (result.returncode, result.stdout) == (1, "")
    looked_for = "No service answers for the data folder data or at http://127.0.0.1:1. Start one with `"
    assert result.stderr.startswith(looked_for)
    assert result.stderr.endswith("oratio up`, or name a running one with --url or ORATIO_URL.\n")


# The docstring of the client.


def test_the_example_of_the_client_works(stack: Stack, tmp_path: Path) -> None:
    written = (cli.client.__doc__ or "").partition("\n\n")[2].rpartition("\n\n")[0]
    example = dedent(written).replace("http://127.0.0.1:8000", stack.url)
    code = f"{example}\nassert len(audio) > 10_000"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "morning.mp3").stat().st_size > 1_000
    assert done.stdout
