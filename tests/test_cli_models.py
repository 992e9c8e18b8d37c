from __future__ import annotations

import json
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from corpus_files import TAXONOMY, CorpusFiles
from phrase_matcher import make_model_folder
from typer.testing import CliRunner

from framing.cli.main import app
from framing.errors import ModelError
from framing.model_folder import open_model_folder, read_manifest
from framing.report.models import Headline, model_facts


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of models that holds one, and no shipped ones beside it."""
    monkeypatch.setattr("framing.model_folder.shipped", lambda name: tmp_path / "none" / name)
    monkeypatch.setenv("FRAMING_MODELS", str(tmp_path / "models"))
    make_model_folder(tmp_path / "models" / "tiny")
    return tmp_path / "models"


Framing = Callable[..., tuple[int, str, str]]

EVALUATION = {
    "signature": {"split": "test", "seed": 0},
    "models": [
        {"name": "other", "groups": {}},
        {
            "name": "phrases",
            "kind": "tfidf",
            "groups": {
                "all": {"micro": {"overlap": {"f1": {"value": 0.612, "low": 0.55, "high": 0.67}}}}
            },
        },
    ],
}


def test_models_are_listed_with_their_figures(models: Path, framing: Framing) -> None:
    (models / "tiny" / "evaluation.json").write_text(json.dumps(EVALUATION), encoding="utf-8")
    status, out, _ = framing("models", "list")
    header, line = out.splitlines()
    assert status == 0
    assert header.split() == ["name", "kind", "version", "labels", "size", "quality"]
    assert line.startswith("tiny  tfidf  1.2")
    assert line.endswith("overlap F1 0.61 (0.55-0.67) on test")


def test_the_size_is_that_of_all_files(models: Path) -> None:
    folder = models / "tiny"
    n_bytes = (folder / "model.json").stat().st_size + (folder / "manifest.json").stat().st_size
    assert model_facts(folder).n_bytes == n_bytes


@pytest.mark.parametrize(
    "content",
    ["{", "{}", '{"signature": {"split": "test"}, "models": [{"name": "phrases", "groups": {}}]}'],
)
def test_an_evaluation_of_another_form_does_not_hide_the_model(models: Path, content: str) -> None:
    (models / "tiny" / "evaluation.json").write_text(content, encoding="utf-8")
    assert model_facts(models / "tiny").headline is None


def test_the_headline_leaves_out_an_interval_that_is_not_there() -> None:
    assert str(Headline(0.5, None, None, "dev")) == "overlap F1 0.50 on dev"


def test_the_list_is_json_on_demand(models: Path, framing: Framing) -> None:
    _, out, _ = framing("models", "list", "--format", "json")
    (facts,) = json.loads(out)
    assert (facts["name"], facts["folder"]) == ("tiny", str(models / "tiny"))


def test_a_damaged_manifest_is_named_and_the_others_are_listed(
    models: Path, framing: Framing
) -> None:
    make_model_folder(models / "zz")
    (models / "tiny" / "manifest.json").write_text("{", encoding="utf-8")
    status, out, err = framing("models", "list")
    assert status == 0
    assert out.splitlines()[1].startswith("zz ")
    assert "tiny/manifest.json: damaged manifest" in err


@pytest.mark.usefixtures("models")
def test_show_tells_how_a_model_was_made(framing: Framing) -> None:
    status, out, _ = framing("models", "show", "tiny")
    assert status == 0
    assert "command   framing train tfidf --seed 7\n" in out
    assert "          denial          0.50 / 0.25\n" in out
    assert "quality   no evaluation\n" in out


@pytest.mark.usefixtures("models")
def test_show_gives_the_manifest_as_json(framing: Framing) -> None:
    _, out, _ = framing("models", "show", "tiny", "-f", "json")
    assert json.loads(out)["thresholds"]["denial"] == {"report": 0.5, "uncertain": 0.25}


@pytest.mark.usefixtures("models")
def test_an_unknown_model_is_an_error_that_names_those_there_are(framing: Framing) -> None:
    status, out, err = framing("models", "show", "giant")
    assert (status, out) == (1, "")
    assert "giant: unknown model" in err
    assert "tiny" in err


@pytest.mark.usefixtures("models")
def test_sound_models_verify(framing: Framing) -> None:
    assert framing("models", "verify")[:2] == (0, "tiny: all files are sound\n")


def test_verify_names_each_damaged_file_of_each_model(models: Path, framing: Framing) -> None:
    make_model_folder(models / "whole")
    (models / "tiny" / "model.json").write_bytes(b"{}")
    make_model_folder(models / "zz")
    (models / "zz" / "model.json").unlink()
    status, out, err = framing("models", "verify")
    assert (status, out) == (1, "whole: all files are sound\n")
    assert "tiny/model.json: SHA-256" in err
    assert "zz/model.json: missing" in err


def test_verify_takes_names_and_folders(models: Path, framing: Framing) -> None:
    make_model_folder(models / "zz")
    assert framing("models", "verify", "tiny", str(models / "zz"))[0] == 0
    status, _, err = framing("models", "verify", "tiny", "giant")
    assert status == 1
    assert "giant: unknown model" in err


@pytest.mark.usefixtures("models")
def test_the_commands_raise_errors_that_the_entry_point_turns_into_lines() -> None:
    result = CliRunner().invoke(app, ["models", "verify", "giant"])
    assert isinstance(result.exception, ModelError)
    assert result.stdout == ""


def test_where_there_is_no_model_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, framing: Framing
) -> None:
    monkeypatch.setattr("framing.model_folder.shipped", lambda name: tmp_path / "none" / name)
    monkeypatch.setenv("FRAMING_MODELS", str(tmp_path / "mine"))
    status, _, err = framing("models", "verify")
    assert (status, err) == (
        0,
        f"framing: no model is installed, nor is there one in {tmp_path / 'mine'}\n",
    )


def write_labels(folder: Path, phrase: str, **splits: int) -> None:
    """Write labels of which a phrase is the denial, so many documents a split."""
    files = CorpusFiles(folder)
    for split, n_documents in splits.items():
        for i in range(n_documents):
            text = f"Rain fell on place {i}. We never lit it, they say. Nobody saw a ship."
            files.add(f"{split}{i}", text, ("denial", "own", phrase), split=split)
    files.add("wire", "Snow fell.", collection="wire", split="dev")
    files.write()


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, framing: Framing) -> Path:
    """A working folder with a trained baseline `models/old`, and labels by which it is wrong."""
    monkeypatch.chdir(tmp_path)
    write_labels(tmp_path / "first", "We never lit it", train=8, dev=4)
    write_labels(tmp_path, "Nobody saw a ship", train=3, dev=4, test=2)
    where = ("--labels", "first/labels", "--seeds", "first/seeds")
    line = ("train", "tfidf", "--output", "models/old", "--seed", "5", "--model-version", "2.1.0")
    assert framing(*line, *where)[0] == 0
    return tmp_path


@pytest.mark.parametrize("split", ["dev", "test"])
def test_a_model_is_calibrated_on_own_labels_and_gets_a_card(
    workplace: Path, framing: Framing, split: str
) -> None:
    status, out, err = framing(
        "models", "calibrate", "models/old", "-o", "models/mine", "--evaluate-on", split
    )
    assert (status, out) == (0, "")
    lines = err.splitlines()
    assert lines[0] == (
        "framing: 1 labelled documents have no text here and are left out "
        "(see 'framing seeds attach')"
    )
    number = r"[01]\.\d\d"
    for device, line in zip(TAXONOMY.device_names, lines[1:-2], strict=True):
        n_spans = 4 if device == "denial" else 0
        assert re.fullmatch(
            rf"framing: {device}: report threshold {number} → {number}, "
            rf"overlap F1 {number}\d → {number}\d with {n_spans} gold spans on dev",
            line,
        )
    assert re.fullmatch(rf"framing: overlap F1 [01]\.\d{{3}} on {split}", lines[-2])
    assert lines[-1] == (
        "framing: saved models/mine; look at it with: framing models show models/mine"
    )
    manifest = open_model_folder(workplace / "models" / "mine")
    assert (manifest.name, manifest.version, manifest.seed) == ("mine", "2.1.0", 5)
    assert manifest.command.endswith(
        " --seeds first/seeds && framing models calibrate models/old -o models/mine "
        f"--evaluate-on {split}"
    )
    evaluation = json.loads((workplace / "models/mine/evaluation.json").read_text("utf-8"))
    assert (evaluation["signature"]["split"], evaluation["signature"]["seed"]) == (split, 5)
    card = (workplace / "models/mine/MODEL_CARD.md").read_text("utf-8")
    assert card.count("# mine 2.1.0") == 1
    assert f"reported from {manifest.thresholds['denial'].report:.2f}" in card


def test_a_model_is_calibrated_in_its_place_on_the_split_named(
    workplace: Path, framing: Framing
) -> None:
    before = read_manifest(workplace / "models" / "old")
    card = (workplace / "models/old/MODEL_CARD.md").read_text("utf-8")
    status, _, err = framing(
        "models", "calibrate", "models/old", "-o", "models/old", "--split", "train"
    )
    assert status == 0
    assert "with 3 gold spans on train\n" in err
    after = open_model_folder(workplace / "models" / "old")
    assert after.thresholds != before.thresholds
    assert after.files["weights.safetensors"] == before.files["weights.safetensors"]
    assert (workplace / "models/old/MODEL_CARD.md").read_text("utf-8") != card
    assert [path.name for path in (workplace / "models").iterdir()] == ["old"]


def test_labels_and_seeds_of_a_calibration_may_lie_elsewhere(
    workplace: Path, framing: Framing
) -> None:
    line = ("models", "calibrate", "models/old", "-o", "mine")
    where = ("--labels", "first/labels", "--seeds", "first/seeds")
    assert framing(*line, *where)[0] == 0
    before, after = (read_manifest(workplace / name) for name in ("models/old", "mine"))
    assert after.thresholds == before.thresholds  # the labels that it was tuned on


def test_a_calibrated_model_with_the_name_of_a_known_one_is_evaluated_itself(
    workplace: Path, framing: Framing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMING_MODELS", str(workplace / "models"))
    assert framing("models", "calibrate", "old", "-o", "old")[0] == 0
    of_manifest = sha256((workplace / "old" / "manifest.json").read_bytes()).hexdigest()
    (told,) = json.loads((workplace / "old" / "evaluation.json").read_text("utf-8"))["models"]
    assert told["sha256"] == of_manifest


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ("giant -o mine", "giant: unknown model"),
        ("models/old -o seeds", "seeds: holds something else than a model. Name another folder."),
        ("models/old -o .", ".: a model has the name of its folder. Expected a folder with its"),
        ("models/old -o mine --labels none", "none/taxonomy.toml: cannot be read"),
        ("models/old -o mine --labels new/labels --seeds new/seeds", "old: devices only in the"),
        (
            "models/old -o mine --labels first/labels --seeds first/seeds --evaluate-on test",
            "test split of authored, wire: no document. Choose another split or collection.",
        ),
        (
            "models/old -o mine --labels first/labels --seeds first/seeds --split test",
            "test split of authored, wire: no document. Choose another split or collection.",
        ),
    ],
)
def test_what_keeps_a_model_from_being_calibrated_is_one_line_and_nothing_is_written(
    workplace: Path, framing: Framing, options: str, found: str
) -> None:
    write_labels(workplace / "new", "Nobody saw a ship", dev=1)
    taxonomy = workplace / "new" / "labels" / "taxonomy.toml"
    other = taxonomy.read_text("utf-8").replace('"foreignising"', '"doubt"')
    taxonomy.write_text(other, encoding="utf-8")
    status, out, err = framing("models", "calibrate", *options.split())
    assert (status, out) == (1, "")
    assert err.splitlines()[-1].startswith(f"framing: {found}")
    assert not (workplace / "mine").exists()
    assert (workplace / "seeds" / "manifest.jsonl").is_file()


@pytest.mark.parametrize("options", ["models/old", "-o mine", "models/old -o mine --split all"])
def test_wrong_usage_of_calibrate_ends_with_2(
    workplace: Path, framing: Framing, options: str
) -> None:
    assert framing("models", "calibrate", *options.split())[:2] == (2, "")
    assert not (workplace / "mine").exists()
