from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest
from corpus_files import CorpusFiles

from framing.corpus import Corpus
from framing.errors import MissingExtraError, ModelError
from framing.model_folder import open_model_folder
from framing.training import Progress, TrainingRun, train_tfidf
from framing.transformer import TransformerSettings

Framing = Callable[..., tuple[int, str, str]]


class Asked(NamedTuple):
    """What a training was asked for."""

    run: TrainingRun
    settings: TransformerSettings
    auxiliary: Sequence[Corpus]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with labels and seeds."""
    files = CorpusFiles(tmp_path)
    for i in range(20):
        text = f"Rain fell on place {i}. We never lit it, they say. Ships left."
        files.add(
            f"d{i}",
            text,
            ("denial", "own", "We never lit it"),
            split=("train", "dev", "test")[(i > 11) + (i > 15)],
        )
    files.add("w1", "Snow fell.", collection="wire")
    files.write()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def train(framing: Framing) -> Framing:
    """Calls `framing train …`; returns exit status, standard output and standard error."""
    return lambda line: framing("train", *shlex.split(line))


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """What the fine-tuning of transformers was asked for; a baseline is trained in its place."""
    asked: list[Asked] = []

    def fine_tune(
        run: TrainingRun,
        settings: TransformerSettings,
        progress: Progress,
        auxiliary: Sequence[Corpus],
    ) -> None:
        asked.append(Asked(run, settings, auxiliary))
        train_tfidf(run, progress)

    monkeypatch.setattr("framing.training.train_transformer", fine_tune)
    return asked


def test_a_baseline_is_trained_and_saved(train: Framing, folder: Path) -> None:
    status, out, err = train("tfidf --output models/mine --seed 5 --model-version 2.1.0")
    assert (status, out) == (0, "")
    manifest = open_model_folder(folder / "models" / "mine")
    assert (manifest.name, manifest.kind, manifest.version) == ("mine", "tfidf", "2.1.0")
    assert manifest.seed == 5
    assert manifest.command == (
        "framing train tfidf --output models/mine --seed 5 --model-version 2.1.0"
    )
    assert all(line.startswith("framing: ") for line in err.splitlines())
    assert err.endswith(
        "framing: saved models/mine; look at it with: framing models show models/mine\n"
    )


@pytest.mark.parametrize("split", ["dev", "test"])
def test_a_new_model_is_evaluated_on_the_split_named(
    train: Framing, folder: Path, split: str
) -> None:
    status, out, err = train(f"tfidf --output mine --evaluate-on {split}")
    assert (status, out) == (0, "")
    figure, _ = err.splitlines()[-2:]
    assert re.fullmatch(rf"framing: overlap F1 [01]\.\d{{3}} on {split}", figure)
    assert (folder / "mine" / "evaluation.json").is_file()
    assert "# mine 1.0.0" in (folder / "mine" / "MODEL_CARD.md").read_text(encoding="utf-8")
    open_model_folder(folder / "mine")


def test_a_new_model_with_the_name_of_a_shipped_one_is_evaluated_itself(
    train: Framing, folder: Path
) -> None:
    assert train("tfidf --output tfidf")[0] == 0
    (told,) = json.loads((folder / "tfidf" / "evaluation.json").read_text("utf-8"))["models"]
    of_manifest = sha256((folder / "tfidf" / "manifest.json").read_bytes()).hexdigest()
    assert told["sha256"] == of_manifest


def test_documents_whose_text_is_not_here_are_counted(train: Framing) -> None:
    _, _, err = train("tfidf --output mine")
    assert "framing: 1 labelled documents have no text here and are left out" in err


def test_the_options_of_a_transformer_reach_its_settings(train: Framing, trainings) -> None:
    status, out, _ = train(
        "transformer -o models/mine --base-model ./encoder --epochs 2.5 --learning-rate 5e-5 "
        "--batch-size 4 --seed 7 --model-version 3.0.0 --collection authored"
    )
    assert (status, out) == (0, "")
    ((run, settings, _),) = trainings
    assert settings == TransformerSettings(
        base_model="./encoder", epochs=2.5, learning_rate=5e-5, batch_size=4
    )
    assert (run.output, run.seed, run.model_version) == (Path("models/mine"), 7, "3.0.0")
    assert run.collections == ["authored"]
    assert len(run.documents("train")) == 12


def test_without_options_the_settings_are_those_of_the_library(train: Framing, trainings) -> None:
    assert train("transformer --output mine")[0] == 0
    ((run, settings, auxiliary),) = trainings
    default = "sentence-transformers/all-MiniLM-L6-v2"
    assert settings == TransformerSettings(base_model=default)
    assert (run.seed, run.collections, auxiliary) == (0, None, [])


def test_labels_and_seeds_may_lie_elsewhere(train: Framing, folder: Path, trainings) -> None:
    (folder / "data").mkdir()
    for name in ("labels", "seeds"):
        (folder / name).rename(folder / "data" / name)
    status, _, _ = train("transformer --output mine --labels data/labels --seeds data/seeds")
    assert status == 0
    assert len(trainings[0][0].corpus.documents) == 20


def test_auxiliary_labels_are_read_with_their_seeds(
    train: Framing, folder: Path, trainings
) -> None:
    files = CorpusFiles(folder / "other")
    files.add("boat", "A boat left.")
    files.write()
    assert train("transformer --output mine --auxiliary other")[0] == 0
    (corpus,) = trainings[0].auxiliary
    assert [each.document.doc_id for each in corpus.documents] == ["boat"]
    status, _, err = train("transformer --output mine --auxiliary nowhere")
    assert status == 1
    assert "framing: nowhere/labels/taxonomy.toml: cannot be read" in err


def test_an_unknown_collection_is_wrong_usage(train: Framing) -> None:
    status, out, err = train("tfidf --output mine --collection wires")
    assert (status, out) == (2, "")
    assert err == ("framing: --collection wires: unknown. Expected one of: authored, wire.\n")


@pytest.mark.parametrize(
    "line",
    [
        "tfidf",
        "transformer --output mine --epochs -1",
        "transformer --output mine --learning-rate -1",
        "transformer --output mine --batch-size 0",
        "tfidf --output mine --seed seven",
        "forest --output mine",
    ],
)
def test_wrong_usage_ends_with_2_and_trains_nothing(
    train: Framing, trainings, folder: Path, line: str
) -> None:
    status, out, _ = train(line)
    assert (status, out, trainings) == (2, "", [])
    assert not (folder / "mine").exists()


@pytest.mark.parametrize("kind", ["tfidf", "transformer"])
def test_missing_labels_are_named(train: Framing, kind: str) -> None:
    status, out, err = train(f"{kind} --output mine --labels none")
    assert (status, out) == (1, "")
    assert err.startswith("framing: none/taxonomy.toml: cannot be read")
    assert "Traceback" not in err


def test_an_error_of_the_trainer_is_one_line(
    train: Framing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ModelError("no-encoder: base model cannot be loaded")

    monkeypatch.setattr("framing.training.train_transformer", fail)
    status, out, err = train("transformer --output mine --collection authored")
    assert (status, out) == (1, "")
    assert err.splitlines()[-1] == "framing: no-encoder: base model cannot be loaded"
    assert "saved" not in err


def test_a_missing_extra_is_told_before_anything_is_read(
    train: Framing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise MissingExtraError("torch", "train", "training")

    monkeypatch.setattr("framing.training.require_torch", missing)
    status, _, err = train("transformer --output mine --labels none")
    assert status == 1
    assert err == ("framing: training needs torch. Install it with: pip install 'framing[train]'\n")


def test_a_folder_of_something_else_is_not_overwritten(train: Framing, folder: Path) -> None:
    status, _, err = train("tfidf --output seeds")
    assert status == 1
    assert "framing: seeds: holds something else than a model. Name another folder.\n" in err
    assert (folder / "seeds" / "manifest.jsonl").is_file()


@pytest.mark.slow
def test_a_base_model_that_is_not_at_hand_is_one_line(train: Framing, folder: Path) -> None:
    status, out, err = train("transformer --output mine --base-model no/such-encoder")
    assert (status, out) == (1, "")
    assert err.splitlines()[-1].startswith(
        "framing: no/such-encoder: base model cannot be loaded ("
    )
    assert not (folder / "mine").exists()
