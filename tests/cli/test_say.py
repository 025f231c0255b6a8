"""`oratio say` with a running service and with a temporary one."""

import json
import socket
import wave
from pathlib import Path

import psutil
import pytest

from cli.client import Client, Progress
from cli.output.target import InvalidOutput, captions_target, choose_target, recording_target
from cli.service.stack import Stack
from tests.support.caption_readers import read_vtt
from tests.support.command import oratio
from tests.support.ports import free_port


def seconds(path: Path) -> float:
    with wave.open(str(path)) as audio:
        return audio.getnframes() / audio.getframerate()


def test_a_text_is_spoken_by_the_running_service(stack: Stack, tmp_path: Path) -> None:
    result = oratio("say", "Hello there.", "-o", "hello.wav", "--url", stack.url, folder=tmp_path)

    assert result.returncode == 0, result.stderr
    assert seconds(tmp_path / "hello.wav") > 0.3
    assert result.stdout.startswith("hello.wav: ")
    assert result.stderr == ""
    assert [path.name for path in tmp_path.iterdir()] == ["hello.wav"]


def test_the_service_of_the_data_folder_is_found(stack: Stack, tmp_path: Path) -> None:
    result = oratio("say", "Hello.", folder=tmp_path, data_dir=str(stack.settings.data_dir))

    assert result.returncode == 0, result.stderr
    assert seconds(tmp_path / "speech.wav") > 0.1


def test_standard_input_and_options_are_used(stack: Stack, tmp_path: Path) -> None:
    result = oratio(
        *("say", "-", "-o", "hello.mp3", "--voice", "hibari_heart", "--speed", "1.5", "--seed", "7"),
        folder=tmp_path,
        stdin="Hello from a pipe.\n",
        url=stack.url,
    )

    assert result.returncode == 0, result.stderr
    assert "hibari_heart" in result.stdout
    assert (tmp_path / "hello.mp3").read_bytes()[:2] in (b"ID", b"\xff\xfb", b"\xff\xf3")


@pytest.mark.parametrize("command", [["say", "-o", "a.wav"], ["stream", "-o", "a.wav"], ["say", "--no-wait"]])
def test_errors_of_the_service_name_the_program_as_users_type_it(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # without `oratio`
    result = oratio(*command, "Hello.", "--voice", "hibari_emma", folder=tmp_path, url=stack.url)

    assert "oratio models download" in result.stderr
    assert "`oratio models" not in result.stderr


@pytest.mark.parametrize("command", ["say", "stream"])
def test_a_text_that_names_a_file_is_spoken_with_a_warning(
    stack: Stack, tmp_path: Path, command: str
) -> None:
    (tmp_path / "my text.txt").write_text("Good morning.")
    texts = ("my text.txt", "other.txt", "Word " * 100)
    named, unnamed, long = (
        oratio(command, text, "-o", "a.wav", folder=tmp_path, url=stack.url).stderr for text in texts
    )

    assert named.startswith("Warning: the text is the name of a file.")
    assert f"oratio {command} - < 'my text.txt'`" in named
    assert "Warning" not in unnamed + long


def test_a_stub_job_is_reported_as_a_beep(stack: Stack, tmp_path: Path) -> None:
    result = oratio("say", "Hello.", "--voice", "parler_laura", "--url", stack.url, folder=tmp_path)

    assert result.returncode == 0, result.stderr
    assert "only a beep" in result.stderr
    assert "a beep, not speech" in result.stdout


def test_style_and_language_are_sent_and_each_warning_is_printed_once(stack: Stack, tmp_path: Path) -> None:
    result = oratio(
        *("say", "Bonjour.", "--voice", "hibari_heart", "--style", "sighs", "--language", "fr"),
        folder=tmp_path,
        url=stack.url,
    )

    assert result.returncode == 0, result.stderr
    assert result.stderr.count("not fr") == 1
    assert result.stderr.count("takes no style") == 1


def test_an_error_of_the_service_is_printed_with_its_code(stack: Stack, tmp_path: Path) -> None:
    result = oratio("say", "Hello.", "-o", "a.wav", "--voice", "nobody", "--url", stack.url, folder=tmp_path)

    assert result.returncode == 1
    assert "(voice_not_found)" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_progress_is_reported(stack: Stack) -> None:
    progress_updates: list[Progress] = []
    with Client(stack.url) as client:
        text = " ".join(f"This is sentence number {number}, which says a little." for number in range(12))
        job = client.result(client.submit(text).job_id, on_progress=progress_updates.append)

    assert job.status == "completed"
    assert progress_updates[-1].segments_done == progress_updates[-1].segments_total
    assert progress_updates[-1].segments_done > 1
    done = [progress.segments_done for progress in progress_updates]
    assert done == sorted(done)


def test_json_output_is_the_job(stack: Stack, tmp_path: Path) -> None:
    result = oratio(
        "say", "Hello.", "-o", "hello.wav", "--seed", "7", "--json", folder=tmp_path, url=stack.url
    )

    assert result.returncode == 0, result.stderr
    output = json.loads(result.stdout)
    assert (output["status"], output["file"], output["captions_file"]) == ("completed", "hello.wav", None)
    assert output["size_bytes"] == (tmp_path / "hello.wav").stat().st_size


@pytest.mark.parametrize("kind", ["srt", "vtt", "json", "ass"])
def test_captions_are_saved(stack: Stack, tmp_path: Path, kind: str) -> None:
    result = oratio(
        "say", "Hello there.", "-o", "a.wav", "--captions", f"a.{kind}", folder=tmp_path, url=stack.url
    )

    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == f"captions in a.{kind}"
    captions = (tmp_path / f"a.{kind}").read_text()
    assert "Hello" in captions
    assert captions.startswith({"srt": "1\n", "vtt": "WEBVTT", "json": "{", "ass": "[Script Info]"}[kind])
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"a.{kind}", "a.wav"]


def test_captions_are_spoken_at_their_times(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "in.vtt").write_text(
        "WEBVTT\n\n00:00.500 --> 00:02.000\nHello <i>there</i>.\n\n"
        "00:04.000 --> 00:06.000\n<v Fake>Good morning.\n"
    )
    result = oratio(
        *("say", "-", "-o", "out.wav", "--input-type", "vtt", "--captions", "vtt"),
        stdin=(tmp_path / "in.vtt").read_text(),
        folder=tmp_path,
        url=stack.url,
    )

    assert (result.returncode, result.stderr) == (0, "")
    assert seconds(tmp_path / "out.wav") == pytest.approx(6.0, abs=0.1)
    first, second = read_vtt((tmp_path / "out.vtt").read_text())
    assert (first.lines, second.lines) == (("Hello there.",), ("Good morning.",))
    assert (first.start_ms, second.start_ms) == (500, 4000)
    assert second.voice == "fake"


def test_captions_of_a_given_format_are_called_like_the_audio(tmp_path: Path) -> None:
    audio = tmp_path / "night.v2.mp3"
    assert captions_target(Path("SRT"), audio=audio) == (tmp_path / "night.v2.srt", "srt")
    assert captions_target(Path(".ass"), audio=audio) == (tmp_path / "night.v2.ass", "ass")
    assert captions_target(tmp_path / "other.VTT", audio=audio) == (tmp_path / "other.VTT", "vtt")
    with pytest.raises(InvalidOutput):
        captions_target(tmp_path / "night.mp3", audio=audio)


def test_a_lexicon_changes_the_audio(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "words.json").write_text('{"Nguyen": "one two three four five six seven"}')
    for name, *options in (("plain.wav",), ("told.wav", "--lexicon", "words.json")):
        result = oratio("say", "Nguyen.", "-o", name, *options, folder=tmp_path, url=stack.url)
        assert result.returncode == 0, result.stderr
    assert seconds(tmp_path / "told.wav") > 1.5 * seconds(tmp_path / "plain.wav")


def test_no_normalize_changes_the_audio(stack: Stack, tmp_path: Path) -> None:
    for name, *options in (("words.wav",), ("figures.wav", "--no-normalize")):
        result = oratio("say", "$1,234,567.89", "-o", name, *options, folder=tmp_path, url=stack.url)
        assert result.returncode == 0, result.stderr
    assert (tmp_path / "words.wav").read_bytes() != (tmp_path / "figures.wav").read_bytes()


def test_no_mastering_leaves_out_natural_pauses(stack: Stack, tmp_path: Path) -> None:
    for name, *options in (("mastered.wav",), ("raw.wav", "--no-mastering")):
        result = oratio("say", "One.\n\nTwo.\n\nThree.", "-o", name, *options, folder=tmp_path, url=stack.url)
        assert result.returncode == 0, result.stderr
    assert (tmp_path / "mastered.wav").read_bytes() != (tmp_path / "raw.wav").read_bytes()


def test_without_waiting_the_job_is_queued_and_its_id_printed(stack: Stack, tmp_path: Path) -> None:
    result = oratio(
        *("say", "It stood at\n\n12\n\nthe end.", "--no-wait", "--priority", "bulk", "--clean-pages"),
        folder=tmp_path,
        url=stack.url,
    )

    assert (result.returncode, result.stderr) == (0, "")
    with Client(stack.url) as client:
        job = client.result(result.stdout.strip())
        captions = json.loads(client.captions(job.job_id, "json"))
    assert (job.status, job.raw["priority"]) == ("completed", "bulk")
    # The page number divides no sentence.
    assert [segment["text"] for segment in captions["segments"]] == ["It stood at\n\n12\n\nthe end."]
    assert list(tmp_path.iterdir()) == []


def test_without_waiting_no_file_can_be_named(tmp_path: Path) -> None:
    result = oratio("say", "Hello.", "--no-wait", "-o", "a.wav", folder=tmp_path, port="1")

    assert result.returncode == 2
    assert "history get" in result.stderr


def test_without_waiting_no_temporary_service_is_started(tmp_path: Path) -> None:
    result = oratio("say", "Hello.", "--no-wait", folder=tmp_path, port=str(free_port()))

    assert result.returncode == 1
    assert result.stderr.startswith("No service answers for the data folder data or at http://127.0.0.1:")


@pytest.mark.parametrize("lexicon", ["{", '["GIF"]', '{"GIF": 1}', None])
def test_an_invalid_lexicon_is_refused(tmp_path: Path, lexicon: str | None) -> None:
    if lexicon is not None:
        (tmp_path / "words.json").write_text(lexicon)
    result = oratio("say", "Hello.", "--lexicon", "words.json", folder=tmp_path, port="1")

    assert result.returncode == 2
    assert result.stderr.startswith("The lexicon words.json ")
    assert len(result.stderr.splitlines()) == 1


def test_an_unknown_captions_format_is_refused_before_synthesis(tmp_path: Path) -> None:
    result = oratio("say", "Hello.", "--captions", "hello.txt", folder=tmp_path, port="1")

    assert (result.returncode, result.stdout) == (2, "")
    assert ".srt, .vtt, .json or .ass" in result.stderr


def test_a_temporary_service_is_started_and_stopped(tmp_path: Path) -> None:
    result = oratio("say", "Hello there.", "-o", "hello.wav", folder=tmp_path, port=str(free_port()))

    assert result.returncode == 0, result.stderr
    assert seconds(tmp_path / "hello.wav") > 0.3
    assert not [
        one for one in psutil.process_iter(["cwd"]) if one.info["cwd"] == str(tmp_path / "data/valkey")
    ]
    assert not (tmp_path / "data" / "up.json").exists()


def test_a_url_without_a_service_is_an_error(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{other.getsockname()[1]}"
        result = oratio("say", "Hello.", "--url", nowhere, folder=tmp_path)

    assert result.returncode == 1
    assert result.stderr == f"No OratioViva service answers at {nowhere}.\n"


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_text_is_refused(tmp_path: Path, text: str) -> None:
    assert oratio("say", folder=tmp_path, stdin=text).returncode == 2


def test_a_default_file_name_never_overwrites_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("speech.opus").touch()
    Path("speech-2.opus").touch()

    assert choose_target(None, "opus") == (Path("speech-3.opus"), "opus")
    assert choose_target(None, None) == (Path("speech.wav"), "wav")
    assert choose_target(Path("speech.OGG"), None) == (Path("speech.OGG"), "opus")


@pytest.mark.parametrize(
    ("output", "audio_format"), [("a.txt", None), ("nowhere/a.wav", None), (".", "wav"), ("a.wav", "au")]
)
def test_an_invalid_path_or_format_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, audio_format: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidOutput):
        choose_target(Path(output), audio_format)


def test_the_target_of_a_recording_fits_its_media_type(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").touch()

    def place(output: Path, media_type: str) -> tuple[Path, str | None]:
        return recording_target(output, name="a", media_type=media_type)

    assert place(tmp_path, "audio/mpeg") == (tmp_path / "a-2.mp3", None)
    assert place(tmp_path / "b.ogg", "audio/ogg") == (tmp_path / "b.ogg", None)
    assert place(tmp_path / "b", "audio/wav; x=y") == (tmp_path / "b", None)
    assert place(tmp_path / "b.OGG", "audio/mpeg") == (tmp_path / "b.OGG", "opus")
    with pytest.raises(InvalidOutput):
        place(tmp_path / "nowhere" / "b.mp3", "audio/mpeg")
