from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
from corpus_files import TAXONOMY, TAXONOMY_FILE, CorpusFiles
from tiny_encoder import run_of

from framing.calibration import Sigmoid
from framing.corpus import Corpus, read_corpus
from framing.errors import LabelsError, MissingExtraError, ModelError
from framing.model_folder import (
    MANIFEST,
    Calibration,
    ModelManifest,
    Thresholds,
    open_model_folder,
)
from framing.training import Fitted, TrainingRun, train_tfidf, train_transformer


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    files = CorpusFiles(tmp_path / "corpus")
    files.add("d1", "We deny it.", ("denial", "own", "deny"))
    files.add("d2", "Rain fell.", split="dev")
    files.add("d3", "Snow fell.", split="test")
    return read_corpus(*files.write())


SIGMOIDS = dict.fromkeys(TAXONOMY.device_names, Sigmoid(1.0, 0.0))
TUNED = {
    "thresholds": dict.fromkeys(TAXONOMY.device_names, Thresholds(0.5, 0.25)),
    "calibration": Calibration(spans=SIGMOIDS, documents=SIGMOIDS),
}


def fitted(folder: Path) -> Fitted:
    (folder / "model.json").write_text("{}", encoding="utf-8")
    return Fitted(
        **TUNED,
        settings={},
        file_names=["model.json"],
    )


@pytest.fixture
def fit_as(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Path], Fitted]], None]:
    """Makes `train_tfidf` fit by a function of the folder to write into."""

    def use(fit: Callable[[Path], Fitted]) -> None:
        model = SimpleNamespace(
            **TUNED,
            settings={},
            save=lambda folder: fit(folder).file_names,
        )
        monkeypatch.setattr("framing.tfidf.fit_tfidf", lambda *_: model)

    return use


def train(corpus: Corpus, output: Path, **changes: object) -> ModelManifest:
    return train_tfidf(run_of(corpus, output, **changes), lambda _: None)


def test_a_model_is_written_with_the_folders_that_lead_to_it(
    corpus: Corpus, tmp_path: Path, fit_as
) -> None:
    fit_as(fitted)
    manifest = train(corpus, tmp_path / "a" / "b" / "mine")
    assert open_model_folder(tmp_path / "a" / "b" / "mine") == manifest
    assert manifest.name == "mine"
    assert names(tmp_path / "a" / "b") == ["mine"]


def test_an_empty_folder_is_filled_and_an_old_model_replaced(
    corpus: Corpus, tmp_path: Path, fit_as
) -> None:
    fit_as(fitted)
    output = tmp_path / "models" / "mine"
    output.mkdir(parents=True)
    train(corpus, output, model_version="1.0.0")
    (output / "extra.txt").write_text("", encoding="utf-8")
    train(corpus, output, model_version="2.0.0")
    assert open_model_folder(output).version == "2.0.0"
    assert names(output) == [MANIFEST, "model.json"]
    assert names(output.parent) == ["mine"]


def test_what_a_killed_run_left_does_not_bar_the_next(
    corpus: Corpus, tmp_path: Path, fit_as
) -> None:
    fit_as(fitted)
    output = tmp_path / "models" / "mine"
    train(corpus, output, model_version="1.0.0")
    shutil.copytree(output, output.with_name(".mine.old"))
    train(corpus, output, model_version="2.0.0")
    assert names(output.parent) == ["mine"]


def test_a_folder_or_file_that_is_no_model_is_refused_untouched(
    corpus: Corpus, tmp_path: Path, fit_as
) -> None:
    fit_as(fitted)
    folder, file = tmp_path / "letters", tmp_path / "letter.txt"
    folder.mkdir()
    for path in (folder / "letter.txt", file):
        path.write_text("Dear Oru", encoding="utf-8")
    for output in (folder, file):
        with pytest.raises(ModelError, match=f"{output}: holds something else than a model"):
            train(corpus, output)
    assert names(folder) == ["letter.txt"]
    assert file.read_text(encoding="utf-8") == "Dear Oru"


def test_the_folder_that_a_link_leads_to_is_replaced(
    corpus: Corpus, tmp_path: Path, fit_as
) -> None:
    fit_as(fitted)
    output, link = tmp_path / "models" / "mine", tmp_path / "link"
    train(corpus, output, model_version="1.0.0")
    link.symlink_to(output)
    train(corpus, link, model_version="2.0.0")
    assert link.is_symlink()
    assert open_model_folder(output).version == "2.0.0"
    assert names(output.parent) == ["mine"]


@pytest.mark.parametrize("output", [".", "..", "/"])
def test_a_folder_without_a_name_is_refused(corpus: Corpus, fit_as, output: str) -> None:
    fit_as(fitted)
    with pytest.raises(ModelError, match="a model has the name of its folder"):
        train(corpus, Path(output))


def test_a_place_where_no_folder_can_be_made_is_one_line(
    corpus: Corpus, tmp_path: Path, fit_as
) -> None:
    fit_as(fitted)
    (tmp_path / "letter.txt").write_text("Dear Oru", encoding="utf-8")
    with pytest.raises(ModelError, match=r"mine: cannot be written \(.+\)\. Name another folder"):
        train(corpus, tmp_path / "letter.txt" / "mine")


@pytest.mark.parametrize("error", [ModelError, KeyboardInterrupt, MemoryError])
def test_a_failed_training_leaves_an_old_model_as_it_was(
    corpus: Corpus, tmp_path: Path, fit_as, error: type[BaseException]
) -> None:
    fit_as(fitted)
    output = tmp_path / "models" / "mine"
    train(corpus, output)
    before = {name: (output / name).read_bytes() for name in names(output)}

    def fail(folder: Path) -> Fitted:
        fitted(folder)
        raise error("stop")

    fit_as(fail)
    with pytest.raises(error, match="stop"):
        train(corpus, output)
    assert {name: (output / name).read_bytes() for name in names(output)} == before
    assert names(output.parent) == ["mine"]


@pytest.mark.parametrize("split", ["train", "dev"])
def test_a_split_without_documents_is_named(tmp_path: Path, fit_as, split: str) -> None:
    files = CorpusFiles(tmp_path / "corpus")
    files.add("d1", "We deny it.", ("denial", "own", "deny"), split=split)
    fit_as(fitted)
    other = {"train": "dev", "dev": "train"}[split]
    with pytest.raises(LabelsError, match=f"split '{other}': no labelled document with its text"):
        train(read_corpus(*files.write()), tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_only_the_collections_named_are_trained_on(tmp_path: Path) -> None:
    files = CorpusFiles(tmp_path)
    files.add("d1", "Rain fell.")
    files.add("d2", "Snow fell.", collection="wire")
    attached = files.seeds / "attached" / "wire" / "d2.txt"
    attached.parent.mkdir(parents=True)
    attached.write_text("Snow fell.", encoding="utf-8")
    corpus = read_corpus(*files.write())
    run = run_of(corpus, tmp_path / "mine", collections=["wire"])
    assert [labelled.document.doc_id for labelled in run.documents("train")] == ["d2"]
    whole = run_of(corpus, tmp_path / "mine")
    assert [labelled.document.doc_id for labelled in whole.documents("train")] == ["d1", "d2"]


@pytest.mark.parametrize(
    ("missing", "library", "start"),
    [
        ("torch", "torch", lambda run: train_transformer(run, None, print)),
        ("transformers", "transformers", lambda run: train_transformer(run, None, print)),
        ("sklearn", "scikit-learn", lambda run: train_tfidf(run, print)),
    ],
)
def test_a_missing_extra_is_named_with_its_install_command(
    corpus: Corpus,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    missing: str,
    library: str,
    start: Callable[[TrainingRun], object],
) -> None:
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == missing else find_spec(name)
    )
    needs = rf"training needs {library}\. Install it with: pip install 'framing\[train\]'"
    with pytest.raises(MissingExtraError, match=needs):
        start(run_of(corpus, tmp_path / "mine"))


def test_the_manifest_is_plain_json_for_other_programs(
    corpus: Corpus, tmp_path: Path, fit_as
) -> None:
    fit_as(fitted)
    train(corpus, tmp_path / "mine")
    content = json.loads((tmp_path / "mine" / MANIFEST).read_text(encoding="utf-8"))
    assert content["taxonomy"]["devices"][0]["name"] == TAXONOMY.device_names[0]
    assert content["format_version"] == 1
    assert TAXONOMY_FILE.count("[[devices]]") == len(content["taxonomy"]["devices"])
