from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from phrase_matcher import make_model_folder

from framing import __version__
from framing.cli.main import run
from framing.errors import FramingError, LabelsError, MissingExtraError, ModelError, UsageError

Framing = Callable[..., tuple[int, str, str]]


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's models that holds one, `phrases`."""
    monkeypatch.setenv("FRAMING_MODELS", str(tmp_path))
    monkeypatch.setattr("framing.model_folder.shipped", lambda _: tmp_path / "none")
    make_model_folder(tmp_path / "phrases")
    return tmp_path


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let `framing models list` end with an error."""

    def fail() -> None:
        raise error

    monkeypatch.setattr("framing.cli.models.model_folders", fail)


@pytest.mark.usefixtures("models")
def test_what_went_well_ends_with_0(framing: Framing) -> None:
    status, out, err = framing("models", "list")
    assert (status, err) == (0, "")
    assert "phrases" in out


@pytest.mark.parametrize(
    "error",
    [
        FramingError("quay.txt: no text"),
        ModelError("m: damaged"),
        LabelsError(["a.jsonl:1: bad", "a.jsonl:2: bad"]),
        MissingExtraError("torch", "train", "training"),
    ],
)
def test_an_error_ends_with_1_and_its_lines_on_standard_error(
    framing: Framing, monkeypatch: pytest.MonkeyPatch, error: FramingError
) -> None:
    fail_with(monkeypatch, error)
    assert framing("models", "list") == (1, "", f"framing: {error}\n")


def test_options_that_do_not_fit_together_end_with_2(
    framing: Framing, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, UsageError("--resume goes with --output"))
    assert framing("models", "list") == (2, "", "framing: --resume goes with --output\n")


@pytest.mark.parametrize(
    "arguments",
    [["--nonsense"], ["nonsense"], ["models", "nonsense"], ["models", "list", "--format", "xml"]],
)
def test_wrong_usage_ends_with_2(framing: Framing, arguments: list[str]) -> None:
    status, out, err = framing(*arguments)
    assert (status, out) == (2, "")
    assert "Usage: " in err


def test_an_interrupt_inside_a_command_ends_with_130_without_a_traceback(
    framing: Framing, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, KeyboardInterrupt())
    status, out, err = framing("models", "list")
    assert (status, out) == (130, "")
    assert "Traceback" not in err


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize("arguments", [["models", "list"], ["--help"], ["--version"]])
def test_a_broken_pipe_is_quiet_and_ends_with_141(arguments: list[str]) -> None:
    reading_end, writing_end = os.pipe()
    os.close(reading_end)
    try:
        finished = subprocess.run(
            [sys.executable, "-m", "framing", *arguments],
            stdout=writing_end,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writing_end)
    # 141 is what a shell reports of a program that SIGPIPE ended.
    assert (finished.returncode, finished.stderr) == (141, b"")


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, ModelError("m: damaged"))
    monkeypatch.setattr("sys.argv", ["framing", "--debug", "models", "list"])
    with pytest.raises(ModelError, match="m: damaged"):
        run()


def test_debug_prints_a_traceback_in_a_shell_and_nothing_else_does() -> None:
    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "framing", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )

    plain = call("models", "show", "no-such-model")
    assert plain.returncode == 1
    assert plain.stderr.startswith("framing: no-such-model: unknown model.")
    assert plain.stderr.count("\n") == 1
    debug = call("--debug", "models", "show", "no-such-model")
    assert debug.returncode == 1
    assert debug.stderr.startswith("Traceback")


def test_an_error_that_is_no_users_fault_is_not_hidden(
    framing: Framing, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError, match="a bug"):
        framing("models", "list")


def test_the_version_is_shown(framing: Framing) -> None:
    assert framing("--version") == (0, f"framing {__version__}\n", "")


def test_help_names_every_command(framing: Framing) -> None:
    status, out, _ = framing("--help")
    assert status == 0
    for command in ("score", "train", "evaluate", "labels", "seeds", "models"):
        assert command in out
    assert framing("-h") == (status, out, "")


def test_without_a_command_help_is_shown_and_the_status_is_2(framing: Framing) -> None:
    status, out, err = framing()
    assert status == 2
    assert "Usage: " in out + err


def test_the_package_runs_as_a_module_and_as_a_command() -> None:
    command = Path(sys.executable).with_name("framing")
    for program in ([sys.executable, "-m", "framing"], [str(command)]):
        finished = subprocess.run(
            [*program, "--version"], capture_output=True, text=True, check=True
        )
        assert finished.stdout == f"framing {__version__}\n"
