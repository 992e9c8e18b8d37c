from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from corpus_files import CorpusFiles
from lookup_network import SETTINGS, write_lookup_model
from phrase_matcher import make_model_folder
from tiny_encoder import CUE_SENTENCES, CUES, Trained, run_of

import framing
from framing.calibration import Sigmoid
from framing.corpus import Corpus, read_corpus
from framing.errors import LabelsError, ModelError
from framing.evaluation import evaluate
from framing.model_folder import MANIFEST, ModelManifest, Thresholds, open_model_folder
from framing.recalibration import recalibrate
from framing.scoring import load_folder
from framing.tfidf import load_tfidf
from framing.training import train_tfidf

COMMAND = "framing models calibrate"
LOOKUP_TAXONOMY = "\n".join(
    [
        'labels_version = "9.0"\ncodebook_version = "2.0"',
        *(
            f'[[devices]]\nname = "{name}"\ntitle = "{name}"\nletter = "{name[0].upper()}"\n'
            'colour = "#000000"\ndefinition = ""'
            for name in ("denial", "position")
        ),
        *(
            f'[[voices]]\nname = "{name}"\ntitle = ""\ndefinition = ""'
            for name in ("own", "quoted")
        ),
    ]
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def silent(_: str) -> None:
    pass


def calibrated(
    model: Path, corpus: Corpus, output: Path, split: str = "dev", tell: Callable = silent
) -> ModelManifest:
    return recalibrate(model, corpus, split, output, COMMAND, tell)


@pytest.fixture
def lookup(tmp_path: Path) -> Path:
    """A model that looks words up and reports a denial from 0.75 on."""
    settings = {**SETTINGS, "shortest": {"denial": 1, "position": 1}}
    write_lookup_model(tmp_path / "lookup", settings=settings)
    return tmp_path / "lookup"


@pytest.fixture
def own_labels(tmp_path: Path) -> Corpus:
    """Labels of which half the documents of dev hold a denial that the lookup model holds back."""
    files = CorpusFiles(tmp_path / "own")
    (files.labels / "taxonomy.toml").write_text(LOOKUP_TAXONOMY, encoding="utf-8")
    for i in range(10):
        files.add(f"a{i}", "Perhaps rain fell.", ("denial", "own", "Perhaps"), split="dev")
        files.add(f"b{i}", "Rain fell.", split="dev")
    files.add("wire", "Snow fell.", collection="wire", split="test")
    return read_corpus(*files.write())


@pytest.fixture(scope="module")
def baseline(made_up_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A baseline trained on labels by which either cue carries denial."""
    output = tmp_path_factory.mktemp("models") / "baseline"
    train_tfidf(run_of(made_up_corpus, output, command="framing train tfidf"), silent)
    return output


@pytest.fixture(scope="module")
def other_labels(made_up_corpus: Corpus) -> Corpus:
    """The made-up corpus with labels by which the first cue is no denial."""
    documents = tuple(
        replace(labelled, spans=tuple(s for s in labelled.spans if labelled.quote(s) != CUES[0]))
        for labelled in made_up_corpus.documents
    )
    return replace(made_up_corpus, documents=documents)


def test_thresholds_edges_and_calibration_of_a_network_are_chosen_anew(
    lookup: Path, own_labels: Corpus, tmp_path: Path
) -> None:
    lines: list[str] = []
    manifest = calibrated(lookup, own_labels, tmp_path / "mine", tell=lines.append)
    # "Perhaps" has probability 0.6 and other words 0.125. From edges of 0.05 and 0.1 on a span is
    # the whole sentence, from 0.15 on the word alone, and F1 is 1. All ten candidates are right:
    # slope 1, and the smoothed share (10 + 1) / (10 + 2) for their one raw score.
    # No token reaches an edge of 'position': the first edge, and no threshold can be chosen.
    assert manifest.settings["edges"] == {"denial": 0.15, "position": 0.05}
    assert manifest.thresholds["denial"].report == pytest.approx(11 / 12)
    assert manifest.thresholds["denial"].uncertain == pytest.approx(11 / 24)
    assert manifest.thresholds["position"] == Thresholds(0.5, 0.25)
    assert manifest.calibration.spans["position"] == Sigmoid(1, 0)
    assert lines == [
        "denial: report threshold 0.75 → 0.92, overlap F1 0.000 → 1.000 with 10 gold spans on dev",
        "position: report threshold 0.75 → 0.50, overlap F1 0.000 → 0.000 with 0 gold spans on dev",
    ]
    scored = framing.load(str(tmp_path / "mine")).predict("Perhaps rain fell.")
    assert [scored.quote(span) for span in scored.spans] == ["Perhaps"]
    assert scored.spans[0].score == pytest.approx(11 / 12)
    # The map of documents, fitted on ten that hold a denial and ten that do not.
    assert scored.device_scores["denial"] > 0.9
    rain = framing.load(str(tmp_path / "mine")).predict("Rain fell.")
    assert rain.device_scores["denial"] < 0.1


def test_a_baseline_is_tuned_to_labels_that_mean_less(
    baseline: Path, other_labels: Corpus, tmp_path: Path
) -> None:
    lines: list[str] = []
    calibrated(baseline, other_labels, tmp_path / "mine", tell=lines.append)
    denial = next(line for line in lines if line.startswith("denial"))
    before, after = map(float, re.findall(r"F1 (\S+) → (\S+) with 10 gold spans on dev", denial)[0])
    # Of 40 documents in dev ten hold one cue and ten the other. Reported are both, so that about
    # half of the spans is right: P 1/2, R 1, F1 2/3.
    assert before == pytest.approx(2 / 3, abs=0.01)
    assert after > before
    old, new = (
        load_folder(folder).predict(CUE_SENTENCES[1]) for folder in (baseline, tmp_path / "mine")
    )
    assert new.spans
    assert new.device_scores["denial"] < old.device_scores["denial"]


@pytest.mark.parametrize("model", ["lookup", "baseline"])
def test_the_weights_are_copied_as_they_are(
    model: str, own_labels: Corpus, other_labels: Corpus, tmp_path: Path, request
) -> None:
    folder: Path = request.getfixturevalue(model)
    (folder / "evaluation.json").write_text("{}", encoding="utf-8")  # of the old thresholds
    labels = own_labels if model == "lookup" else other_labels
    calibrated(folder, labels, tmp_path / "mine")
    old, new = contents(folder), contents(tmp_path / "mine")
    assert sorted(new) == sorted(old.keys() - {"evaluation.json"})
    changed = {name for name in new if new[name] != old[name]}
    assert changed <= {MANIFEST, "model.json"}
    (folder / "evaluation.json").unlink()
    open_model_folder(tmp_path / "mine")


def test_the_manifest_keeps_the_training_and_adds_the_command(
    baseline: Path, other_labels: Corpus, tmp_path: Path
) -> None:
    old = open_model_folder(baseline)
    new = calibrated(baseline, other_labels, tmp_path / "mine")
    assert new == open_model_folder(tmp_path / "mine")
    assert new.name == "mine"
    assert new.command == f"framing train tfidf && {COMMAND}"
    assert new.created == datetime.now(UTC).date().isoformat()
    for field in ("kind", "version", "labels_version", "labels_digest", "seed", "taxonomy"):
        assert getattr(new, field) == getattr(old, field)
    # The overlap F1 on dev was that of the old thresholds.
    assert old.settings.keys() - new.settings.keys() == {"dev_overlap_f1"}
    assert new.settings["n_columns"] == old.settings["n_columns"]
    assert new.thresholds["denial"] != old.thresholds["denial"]


def test_the_labels_it_was_tuned_on_give_a_baseline_its_own_thresholds(
    baseline: Path, made_up_corpus: Corpus, tmp_path: Path
) -> None:
    old, new = open_model_folder(baseline), calibrated(baseline, made_up_corpus, tmp_path / "mine")
    assert (new.thresholds, new.calibration) == (old.thresholds, old.calibration)
    assert new.files == old.files


@pytest.mark.slow
def test_the_labels_it_was_tuned_on_give_a_transformer_its_own_thresholds(
    trained: Trained, made_up_corpus: Corpus, tmp_path: Path
) -> None:
    old = open_model_folder(trained.folder)
    new = calibrated(trained.folder, made_up_corpus, tmp_path / "mine")
    assert (new.thresholds, new.calibration) == (old.thresholds, old.calibration)
    assert (new.settings, new.files) == (old.settings, old.files)


@pytest.mark.slow
def test_a_transformer_is_tuned_to_labels_that_mean_less(
    trained: Trained, other_labels: Corpus, tmp_path: Path
) -> None:
    old = open_model_folder(trained.folder)
    new = calibrated(trained.folder, other_labels, tmp_path / "mine")
    assert new.thresholds["denial"] != old.thresholds["denial"]
    text = f"Workers met near a bridge. {CUE_SENTENCES[1]}"
    first, second = (load_folder(f).predict(text) for f in (trained.folder, tmp_path / "mine"))
    assert second.device_scores["denial"] < first.device_scores["denial"]


@pytest.mark.parametrize("split", ["train", "dev"])
@pytest.mark.parametrize("model", ["lookup", "baseline"])
def test_the_figures_told_are_those_of_an_evaluation_before_and_after(
    model: str, split: str, own_labels: Corpus, other_labels: Corpus, tmp_path: Path, request
) -> None:
    folder: Path = request.getfixturevalue(model)
    corpus = other_labels
    if model == "lookup":
        corpus = replace(own_labels, splits=dict.fromkeys(own_labels.splits, split))
    lines: list[str] = []
    calibrated(folder, corpus, tmp_path / "mine", split, lines.append)
    told = [re.findall(r"F1 (\S+) → (\S+) with", line)[0] for line in lines]
    models = [load_folder(folder), load_folder(tmp_path / "mine")]
    first, second = (m.groups["all"].devices for m in evaluate(models, corpus, split).models)
    assert told == [
        (f"{first[d].overlap.f1.value or 0:.3f}", f"{second[d].overlap.f1.value or 0:.3f}")
        for d in corpus.taxonomy.device_names
    ]
    assert all(line.endswith(f" on {split}") for line in lines)


def test_neither_torch_nor_scikit_learn_is_needed(
    baseline: Path,
    lookup: Path,
    own_labels: Corpus,
    other_labels: Corpus,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for library in ("torch", "transformers", "sklearn", "scipy", "onnx"):
        monkeypatch.setitem(sys.modules, library, None)  # importing it is an ImportError
    with pytest.raises(ImportError, match="sklearn"):
        import sklearn  # noqa: F401
    assert calibrated(baseline, other_labels, tmp_path / "first").kind == "tfidf"
    assert calibrated(lookup, own_labels, tmp_path / "second").kind == "transformer"


def test_a_model_may_take_its_own_place(lookup: Path, own_labels: Corpus) -> None:
    network = (lookup / "model.onnx").read_bytes()
    (lookup / "MODEL_CARD.md").write_text("Reported from 0.75.", encoding="utf-8")
    manifest = calibrated(lookup, own_labels, lookup)
    assert open_model_folder(lookup) == manifest
    assert (lookup / "model.onnx").read_bytes() == network
    assert names(lookup) == [MANIFEST, "model.onnx", "tokenizer.json"]
    assert ".lookup.old" not in names(lookup.parent)


def test_another_model_is_replaced_and_anything_else_refused(
    lookup: Path, own_labels: Corpus, tmp_path: Path
) -> None:
    make_model_folder(tmp_path / "old")
    calibrated(lookup, own_labels, tmp_path / "old")
    assert open_model_folder(tmp_path / "old").kind == "transformer"
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("Dear Oru", encoding="utf-8")
    with pytest.raises(ModelError, match="letters: holds something else than a model"):
        calibrated(lookup, own_labels, tmp_path / "letters")
    assert names(tmp_path / "letters") == ["letter.txt"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_a_stopped_calibration_leaves_everything_as_it_was(
    lookup: Path,
    own_labels: Corpus,
    monkeypatch: pytest.MonkeyPatch,
    error: type[BaseException],
) -> None:
    before, beside = contents(lookup), names(lookup.parent)

    def stop(*_: object) -> None:
        raise error("stop")

    monkeypatch.setattr("framing.recalibration.tune_network", stop)
    lines: list[str] = []
    with pytest.raises(error, match="stop"):
        calibrated(lookup, own_labels, lookup, tell=lines.append)
    assert (contents(lookup), names(lookup.parent), lines) == (before, beside, [])


@pytest.mark.parametrize(
    ("split", "found"),
    [
        ("train", "train split of authored, wire: no document. Choose another split"),
        (
            "test",
            "test split of authored, wire: 1 labelled documents, none with its text here. "
            "Run 'framing seeds attach'",
        ),
    ],
)
def test_a_split_without_texts_is_one_line(
    lookup: Path, own_labels: Corpus, tmp_path: Path, split: str, found: str
) -> None:
    with pytest.raises(LabelsError, match=re.escape(found)) as error:
        calibrated(lookup, own_labels, tmp_path / "mine", split)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "mine").exists()


def test_labels_of_other_devices_and_voices_are_one_line_that_names_them(
    lookup: Path, other_labels: Corpus, tmp_path: Path
) -> None:
    with pytest.raises(ModelError) as error:
        calibrated(lookup, other_labels, tmp_path / "mine")
    assert str(error.value) == (
        "lookup: devices only in the model: position; devices only in the labels: "
        "blame_shifting, foreignising, sourcing_appeal; voices only in the labels: reported. "
        "Expected labels with the devices and voices of the model. Train a model on these labels."
    )
    assert not (tmp_path / "mine").exists()


def test_newer_labels_with_the_devices_in_another_order_will_do(
    baseline: Path, other_labels: Corpus, tmp_path: Path
) -> None:
    taxonomy = msgspec.structs.replace(
        other_labels.taxonomy,
        labels_version="7.0",
        codebook_version="7.0",
        devices=other_labels.taxonomy.devices[::-1],
    )
    turned = replace(other_labels, taxonomy=taxonomy)
    first = calibrated(baseline, other_labels, tmp_path / "first")
    second = calibrated(baseline, turned, tmp_path / "second")
    assert second.taxonomy == first.taxonomy == open_model_folder(baseline).taxonomy
    assert second.thresholds == first.thresholds
    assert load_tfidf(tmp_path / "second", second).predict(CUE_SENTENCES[1]).spans


def test_a_damaged_model_is_refused(lookup: Path, own_labels: Corpus, tmp_path: Path) -> None:
    with (lookup / "model.onnx").open("ab") as stream:
        stream.write(b"\x00")
    with pytest.raises(ModelError, match=r"model\.onnx: SHA-256 .*damaged or changed"):
        calibrated(lookup, own_labels, tmp_path / "mine")
    make_model_folder(tmp_path / "forest", kind="forest")
    with pytest.raises(ModelError, match="model of kind 'forest', expected 'tfidf' or"):
        calibrated(tmp_path / "forest", own_labels, tmp_path / "mine")
    assert not (tmp_path / "mine").exists()
