from __future__ import annotations

import json

import pytest
from corpus_files import CorpusFiles
from five_documents import Listed
from typer.testing import CliRunner

from framing.cli.main import app
from framing.errors import FramingError, InputError, LabelsError, ModelError, UsageError

FAR = "The far text is not here."


@pytest.fixture
def folders(tmp_path):
    """Two authored test documents at hand, and one of 'ptc' that is not."""
    files = CorpusFiles(tmp_path)
    files.add(
        "quay",
        "Nobody fell ill.\nThe quay is shut.\n",
        ("denial", "own", "Nobody fell ill."),
        split="test",
    )
    files.add("mill", "The mill is open.\n", split="test")
    files.add("far", FAR, ("denial", "own", "far"), collection="ptc", split="test")
    labels, seeds = files.write()
    return ["--labels", str(labels), "--seeds", str(seeds)]


@pytest.fixture
def predictions(tmp_path):
    lines = [
        {"id": "quay", "spans": [{"start": 0, "end": 16, "device": "denial", "voice": "own"}]},
        {"id": "mill", "spans": []},
    ]
    path = tmp_path / "outside.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return ["--predictions", str(path)]


def run(*arguments):
    return CliRunner().invoke(app, ["evaluate", *arguments], catch_exceptions=True)


def test_predictions_are_evaluated_to_standard_output(folders, predictions):
    result = run(*predictions, *folders)
    assert result.exit_code == 0
    assert result.stdout.startswith("# Evaluation on the test split\n")
    assert "| **all (micro)** | 1 | 1.000 [1.000, 1.000] |" in result.stdout


def test_documents_without_text_are_a_warning_on_standard_error(folders, predictions):
    result = run(*predictions, *folders)
    assert result.stderr == (
        "framing: 1 of 3 documents of the test split have no text here; "
        "see 'framing seeds attach'\n"
    )
    assert run(*predictions, *folders, "--collection", "authored").stderr == ""


def test_json_goes_to_standard_output(folders, predictions):
    result = run(*predictions, *folders, "--format", "json", "--seed", "5")
    content = json.loads(result.stdout)
    assert content["signature"]["seed"] == 5
    assert content["models"][0]["name"] == "outside"


def test_a_folder_takes_both_forms_and_standard_output_stays_empty(folders, predictions, tmp_path):
    output = tmp_path / "reports" / "july"
    result = run(*predictions, *folders, "--output", str(output))
    assert (result.exit_code, result.stdout) == (0, "")
    assert sorted(path.name for path in output.iterdir()) == ["evaluation.json", "evaluation.md"]
    assert json.loads((output / "evaluation.json").read_text())["signature"]["n_documents"] == 2
    assert (output / "evaluation.md").read_text().startswith("# Evaluation")


def test_models_are_loaded_by_name_and_stand_before_predictions(folders, predictions, monkeypatch):
    class Silent(Listed):
        def score_documents(self, documents):
            from framing.spans import ScoredDocument

            return (ScoredDocument(document) for document in documents)

    silent = Silent("silent", ())
    monkeypatch.setattr("framing.scoring.load", {"silent": silent}.__getitem__)
    content = json.loads(run("silent", *predictions, *folders, "--format", "json").stdout)
    assert [model["name"] for model in content["models"]] == ["silent", "outside"]
    difference = next(c for c in content["comparisons"] if c["device"] == "micro")
    assert difference["difference"]["value"] == 1.0


def test_an_unknown_model_is_an_error(folders):
    error = run("no-such-model", *folders).exception
    assert isinstance(error, ModelError)
    assert "no-such-model: unknown model" in str(error)


def test_nothing_to_evaluate_is_wrong_usage(folders):
    error = run(*folders).exception
    assert isinstance(error, UsageError)
    assert "Name a model" in str(error)


def test_a_split_without_documents_is_an_error(folders, predictions):
    error = run(*predictions, *folders, "--split", "dev").exception
    assert isinstance(error, LabelsError)
    assert "dev split of authored, ptc: no document" in str(error)


def test_a_collection_without_texts_is_an_error(folders, predictions):
    error = run(*predictions, *folders, "--collection", "real").exception
    assert isinstance(error, LabelsError)
    assert "1 labelled documents, none with its text here" in str(error)


def test_missing_predictions_are_an_error(folders, tmp_path):
    error = run("--predictions", str(tmp_path / "none.jsonl"), *folders).exception
    assert isinstance(error, InputError)
    assert "cannot be read" in str(error)


def test_an_output_that_is_a_file_is_an_error(folders, predictions, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("")
    error = run(*predictions, *folders, "--output", str(taken)).exception
    assert isinstance(error, FramingError)
    assert "cannot be written" in str(error)
    assert taken.read_text() == ""
