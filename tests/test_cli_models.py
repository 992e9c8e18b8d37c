from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from phrase_matcher import make_model_folder
from typer.testing import CliRunner

from framing.cli.main import app
from framing.errors import ModelError
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
