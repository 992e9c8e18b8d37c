from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from phrase_matcher import PhraseMatcher, make_model_folder
from typer.testing import CliRunner

from framing.cli.main import app
from framing.errors import UsageError

Framing = Callable[..., tuple[int, str, str]]

# Runs the command line with the phrase matcher; each text with "slow" takes ten seconds.
PROGRAM = """
import time
import framing.scoring
from phrase_matcher import PhraseMatcher

class Slow(PhraseMatcher):
    def _scored(self, document):
        if "slow" in document.text:
            time.sleep(10)
        return super()._scored(document)

framing.scoring.load = lambda name: Slow()
from framing.cli import run
run()
"""


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and the phrase matcher in place of any model."""
    monkeypatch.setattr("framing.scoring.load", lambda _: PhraseMatcher())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def framing(framing: Framing, monkeypatch: pytest.MonkeyPatch) -> Framing:
    """Calls `framing score …`; standard input is a terminal unless it is given."""

    def call(*arguments: str, stdin: io.TextIOWrapper | None = None) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", stdin or Terminal(io.BytesIO()))
        return framing("score", *arguments)

    return call


def article(name: str, text: str = "It never happened.") -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def records(output: str) -> list[Any]:
    return [json.loads(line) for line in output.splitlines()]


def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "score", *arguments],
        env=environment,
        text=True,
        stderr=subprocess.PIPE,
        **options,
    )


def test_json_lines_go_where_no_terminal_is(framing: Framing) -> None:
    status, out, err = framing(article("a.txt"), article("b.txt", "Rain."))
    assert (status, err) == (0, "")
    assert [record["id"] for record in records(out)] == ["a.txt", "b.txt"]


def test_a_terminal_gets_a_table(framing: Framing, monkeypatch: pytest.MonkeyPatch) -> None:
    article("a.txt")
    monkeypatch.setattr("sys.stdout", Terminal(io.BytesIO(), encoding="utf-8"))
    stream = sys.stdout
    framing("a.txt")
    stream.seek(0)
    assert "never happened" in stream.read()


def test_a_text_can_be_piped_in(framing: Framing) -> None:
    piped = io.TextIOWrapper(io.BytesIO(b"It never happened."))
    status, out, _ = framing(stdin=piped)
    assert status == 0
    assert records(out)[0]["devices"]["denial"]["n_spans"] == 1


def test_no_input_on_a_terminal_is_wrong_usage(framing: Framing) -> None:
    status, out, err = framing()
    assert (status, out) == (2, "")
    assert err == "framing: no input: name files or folders, or pipe a text in\n"


def test_some_failures_give_status_3_and_are_named(framing: Framing) -> None:
    article("bad.txt", "unscorable")
    status, out, err = framing("gone.txt", article("a.txt"), "bad.txt")
    assert status == 3
    assert ["error" in record for record in records(out)] == [True, False, True]
    assert err.splitlines() == [
        "framing: gone.txt: no such file or folder",
        "framing: bad.txt: the text cannot be scored",
    ]


def test_all_failing_gives_status_1_and_no_file(framing: Framing, folder: Path) -> None:
    assert framing("gone.txt", "--output", "out.html")[0] == 1
    assert list(folder.iterdir()) == []


def test_names_cannot_command_the_terminal(framing: Framing) -> None:
    _, _, err = framing("gone\x1b[2J\n.txt")
    assert err == "framing: gone[2J .txt: no such file or folder\n"


@pytest.mark.parametrize(
    ("name", "start_of_file"),
    [("o.jsonl", '{"schema_version":1'), ("o.csv", "id,source"), ("o.html", "<!DOCTYPE html>")],
)
def test_the_suffix_of_the_output_tells_the_format(
    framing: Framing, name: str, start_of_file: str
) -> None:
    assert framing(article("a.txt"), "-o", name) == (0, "", "")
    assert Path(name).read_text(encoding="utf-8").startswith(start_of_file)


def test_min_score_and_voice_choose_spans(framing: Framing) -> None:
    article("a.txt", "He said there was no leak. It never happened, or it may be rumours.")
    (record,) = records(framing("a.txt", "--min-score", "0.75", "--voice", "own")[1])
    assert [span["text"] for span in record["spans"]] == ["no leak"]
    assert [span["text"] for span in record["uncertain"]] == ["never happened"]


def test_columns_of_tables_are_named(framing: Framing) -> None:
    row = {"n": "x7", "head": "Rain", "body": "It never happened.", "outlet": "Herald"}
    Path("t.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    columns = ("--text-column", "body", "--id-column", "n", "--title-column", "head")
    (record,) = records(framing("t.jsonl", *columns, "--with-text")[1])
    assert (record["id"], record["title"], record["text"]) == ("x7", "Rain", "It never happened.")
    assert record["metadata"]["outlet"] == "Herald"


def test_workers_change_nothing_but_time(framing: Framing) -> None:
    names = [article(f"{i:02}.txt", "It never happened. " * 400) for i in range(12)]
    assert framing(*names, "--workers", "3") == framing(*names)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--voice", "loud"), "--voice: found loud"),
        (("--resume",), "--resume goes with --output FILE"),
        (("--resume", "-o", "out.html"), "--resume goes with --output FILE"),
        (("--output", "none/out.csv"), "expected a file in a folder that exists"),
        (("--with-text", "-f", "csv"), "--with-text goes with the format jsonl"),
        (("--min-score", "2"), "less than or equal to 1"),
        (("--workers", "0"), "greater than or equal to 1"),
        (("--format", "docx"), "docx"),
    ],
)
def test_wrong_usage_has_status_2(framing: Framing, arguments: tuple[str, ...], line: str) -> None:
    status, out, err = framing(article("a.txt"), *arguments)
    assert (status, out) == (2, "")
    assert line in err


def test_an_unknown_model_has_status_1(framing: Framing, monkeypatch: pytest.MonkeyPatch) -> None:
    from framing.model_folder import find_model

    monkeypatch.setattr("framing.scoring.load", find_model)
    status, _, err = framing(article("a.txt"), "--model", "giant")
    assert status == 1
    assert err.startswith("framing: giant: unknown model")


def test_the_schema_needs_no_input(framing: Framing) -> None:
    status, out, _ = framing("--schema")
    assert status == 0
    assert "ScoreRecord" in json.loads(out)["$defs"]


def test_the_command_raises_errors_that_the_entry_point_turns_into_lines() -> None:
    result = CliRunner().invoke(app, ["score", "a.txt", "--resume"])
    assert isinstance(result.exception, UsageError)
    assert CliRunner().invoke(app, ["score", "--schema"]).exit_code == 0


@pytest.fixture
def leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave by an exception where the command leaves at once, so that tests go on."""

    def leave(status: int) -> None:
        raise SystemExit(status)

    monkeypatch.setattr("os._exit", leave)


@pytest.mark.usefixtures("leaving")
@pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])
def test_an_interrupted_batch_goes_on_with_resume(framing: Framing, name: str) -> None:
    long = "It never happened. " * 400
    inputs = [article("a.txt", long), article("b.txt", long), article("c.txt", "impatient")]
    status, _, err = framing(*inputs, "-o", name)
    assert status == 130
    assert err == (
        f"framing: interrupted; documents done and kept in {name}.part: 2. "
        "Go on with the same command and --resume.\n"
    )
    assert not Path(name).exists()

    article("c.txt")
    assert framing(*inputs, "-o", name, "--resume") == (0, "", "")
    resumed = Path(name).read_bytes()
    framing(*inputs, "-o", name)
    # A part of CSV cannot tell whether its last document is whole: b.txt was scored twice.
    assert resumed == Path(name).read_bytes()


@pytest.mark.usefixtures("leaving")
def test_an_interrupt_without_a_file_says_what_would_help(framing: Framing) -> None:
    status, _, err = framing(article("c.txt", "impatient"))
    assert status == 130
    assert err.startswith("framing: interrupted; documents done: 0. A batch written with --output")


def test_ctrl_c_does_not_wait_for_documents_in_hand(folder: Path) -> None:
    names = [article("a.txt", "It never happened. " * 400)]
    names += [article(f"{i}.txt", "slow " * 2000) for i in range(3)]
    process = start(*names, "--workers", "2", "-o", "out.jsonl")
    part = folder / "out.jsonl.part"
    deadline = time.monotonic() + 20
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.02)
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert time.monotonic() - sent < 5
    assert err == (
        "framing: interrupted; documents done and kept in out.jsonl.part: 1. "
        "Go on with the same command and --resume.\n"
    )


def test_a_reader_that_leaves_early_is_no_error() -> None:
    names = [article(f"{i}.txt", "It never happened. " * 400) for i in range(40)]
    process = start(*names, "-f", "jsonl", stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.read(10) == '{"schema_v'
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        assert process.stderr.read() == ""
    assert process.wait(timeout=20) == 141


def test_the_package_runs_as_a_module(tmp_path: Path) -> None:
    folder = make_model_folder(tmp_path / "odd", kind="oracle")
    article("a.txt")
    command = [sys.executable, "-m", "framing", "score", "a.txt", "--model", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "model of kind 'oracle'" in done.stderr
    assert "Traceback" not in done.stderr


def test_progress_is_shown_on_a_terminal_only(
    framing: Framing, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = article("a.txt")

    def on_terminal(*arguments: str) -> str:
        stream = Terminal(io.BytesIO(), encoding="utf-8")
        monkeypatch.setattr("sys.stderr", stream)
        framing(name, "-o", "out.csv", *arguments)
        stream.seek(0)
        return stream.read()

    assert "documents" in on_terminal()
    assert on_terminal("--quiet") == ""


def test_rows_of_csv_can_be_read_by_any_reader(framing: Framing) -> None:
    _, out, _ = framing(article("a.txt", "He said there was no leak."), "-f", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["voice"] for row in rows] == ["quoted", "own"]


def test_help_is_quick_to_load() -> None:
    heavy = "numpy onnxruntime sklearn torch transformers trafilatura jinja2 rich.progress"
    code = (
        "import sys, framing.cli.score, framing.cli.models;"
        f"print([name for name in '{heavy}'.split() if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert done.stdout == "[]\n"
