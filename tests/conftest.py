"""What tests share: no hub, no GPU, one thread, and a tiny model that is trained once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_encoder import Trained, run_of, tiny_settings, write_base_model, write_corpus

from framing.cli.main import run
from framing.corpus import Corpus, read_corpus
from framing.training import train_transformer

# Read when the libraries are first imported.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"  # the networks are too small for more
os.environ["CUDA_VISIBLE_DEVICES"] = ""  # a GPU adds up in another order each time


@pytest.fixture(scope="session")
def base_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny encoder."""
    return write_base_model(tmp_path_factory.mktemp("base") / "tiny-bert")


@pytest.fixture(scope="session")
def shipped_corpus() -> Corpus:
    """The labels and texts that ship with the project."""
    root = Path(__file__).parent.parent
    return read_corpus(root / "labels", root / "seeds")


@pytest.fixture(scope="session")
def made_up_corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """A corpus in which a cue phrase always carries denial."""
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="session")
def trained(
    base_model: Path, made_up_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory
) -> Trained:
    """A model folder written by `train_transformer`."""
    lines: list[str] = []
    output = tmp_path_factory.mktemp("models") / "tiny"
    run = run_of(made_up_corpus, output, command="framing train transformer --seed 3")
    train_transformer(run, tiny_settings(base_model), lines.append)
    return Trained(run.output, tuple(lines))


@pytest.fixture
def framing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Calls the command line in this process; returns exit status, standard output and error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["framing", *map(str, arguments)])
        with pytest.raises(SystemExit) as leave:
            run()
        captured = capsys.readouterr()
        return int(leave.value.code or 0), captured.out, captured.err

    return call
