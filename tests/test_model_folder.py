from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pytest
from phrase_matcher import make_model_folder, manifest

from framing import model_folder
from framing.errors import ModelError
from framing.files import file_sha256
from framing.model_folder import (
    MANIFEST,
    check_files,
    find_model,
    model_folders,
    open_model_folder,
    read_manifest,
    user_models,
    write_manifest,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_model_folder(tmp_path / "phrases")


@pytest.fixture
def roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The folders of shipped models and of the user's models, both empty."""
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    shipped.mkdir()
    own.mkdir()
    monkeypatch.setattr(model_folder, "shipped", lambda _: shipped)
    monkeypatch.setenv("FRAMING_MODELS", str(own))
    return shipped, own


def change_manifest(folder: Path, **changes: object) -> None:
    path = folder / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_bytes()) | changes), encoding="utf-8")


def test_a_manifest_is_read_as_it_was_written(folder: Path) -> None:
    found = open_model_folder(folder)
    assert found.files == {"model.json": file_sha256(folder / "model.json")}
    assert found == manifest(files=found.files)


def test_writing_returns_the_manifest_with_the_checksums(tmp_path: Path) -> None:
    (tmp_path / "b.bin").write_bytes(b"b")
    (tmp_path / "a.bin").write_bytes(b"a")
    written = write_manifest(tmp_path, manifest(), ["b.bin", "a.bin"])
    assert written == read_manifest(tmp_path)
    assert list(written.files) == ["a.bin", "b.bin"]


def test_thresholds_and_calibration_lose_no_digit_on_disk(tmp_path: Path) -> None:
    third = model_folder.Thresholds(1 / 3, 0.1 + 0.2)
    thresholds = dict.fromkeys(manifest().taxonomy.device_names, third)
    write_manifest(tmp_path, manifest(thresholds=thresholds), [])
    assert read_manifest(tmp_path).thresholds == thresholds


def test_a_device_without_thresholds_is_refused(tmp_path: Path) -> None:
    thresholds = {"denial": model_folder.Thresholds(0.5, 0.25)}
    write_manifest(tmp_path, manifest(thresholds=thresholds), [])
    with pytest.raises(ModelError, match=r"device 'blame_shifting' has no thresholds"):
        read_manifest(tmp_path)


def test_a_changed_file_is_named_with_both_checksums(folder: Path) -> None:
    (folder / "model.json").write_bytes(b'{"weights": [1, 2, 4]}')
    expected = read_manifest(folder).files["model.json"][:12]
    found = file_sha256(folder / "model.json")[:12]
    with pytest.raises(ModelError, match=rf"model\.json: SHA-256 {found}…, expected {expected}…"):
        open_model_folder(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "model.json").unlink()
    with pytest.raises(ModelError, match=r"model\.json: missing\. Get the model again\."):
        open_model_folder(folder)


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/hostname", "sub/model.json"])
def test_a_file_name_that_leads_out_of_the_folder_is_refused_unread(
    folder: Path, name: str
) -> None:
    (folder.parent / "secret.txt").write_text("s", encoding="utf-8")
    change_manifest(folder, files={name: file_sha256(folder.parent / "secret.txt")})
    with pytest.raises(ModelError, match=f"file name '{name}' leads out of the folder"):
        open_model_folder(folder)


def test_all_problems_of_the_files_are_listed_in_order(folder: Path) -> None:
    change_manifest(folder, files={"b.bin": "0" * 64, "model.json": "0" * 64, "../a.bin": "0" * 64})
    problems = check_files(folder, read_manifest(folder))
    assert [problem.split(": ")[1][:9] for problem in problems] == [
        "file name",
        "missing. ",
        "SHA-256 f"[:8] + file_sha256(folder / "model.json")[0],
    ]
    with pytest.raises(ModelError, match=r"leads out of the folder\n.*missing.*\n.*SHA-256"):
        open_model_folder(folder)


def test_a_folder_in_the_place_of_a_file_is_missing(folder: Path) -> None:
    (folder / "model.json").unlink()
    (folder / "model.json").mkdir()
    with pytest.raises(ModelError, match="missing"):
        open_model_folder(folder)


def test_a_folder_without_a_manifest_is_no_model_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model folder \(manifest.json cannot be read\)"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "Input data was truncated"),
        (b'{"name": "a"', "Input data was truncated"),
        (b"\xff\xfe", "JSON is malformed"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"name": "a"}', "missing required field `kind`"),
        (b'{"name": "\xff"}', "damaged manifest"),
    ],
)
def test_a_damaged_manifest_is_one_line(folder: Path, content: bytes, found: str) -> None:
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(ModelError, match=r"manifest\.json: damaged manifest: .*Get the") as error:
        read_manifest(folder)
    assert found in str(error.value)
    assert "\n" not in str(error.value)


def test_a_manifest_whose_taxonomy_no_page_can_show_is_refused(folder: Path) -> None:
    devices = [
        msgspec.to_builtins(device) | {"colour": "red"} for device in manifest().taxonomy.devices
    ]
    taxonomy = msgspec.to_builtins(manifest().taxonomy) | {"devices": devices}
    change_manifest(folder, taxonomy=taxonomy)
    with pytest.raises(ModelError, match=r"taxonomy: device 'denial': colour 'red'"):
        read_manifest(folder)


@pytest.mark.parametrize("version", [0, 2])
def test_another_format_version_is_refused(folder: Path, version: int) -> None:
    change_manifest(folder, format_version=version)
    with pytest.raises(ModelError, match=rf"format version {version}, this version .* reads 1\."):
        open_model_folder(folder)


def test_a_model_of_a_newer_format_is_told_as_such_whatever_its_fields(folder: Path) -> None:
    (folder / MANIFEST).write_text('{"format_version": 2, "kind": "quantum"}', encoding="utf-8")
    with pytest.raises(ModelError, match="format version 2, this version of framing reads 1"):
        open_model_folder(folder)


def test_shipped_and_own_models_are_found_by_name(roots: tuple[Path, Path]) -> None:
    shipped, own = roots
    make_model_folder(shipped / "tfidf")
    make_model_folder(own / "mine")
    (own / "empty").mkdir()
    assert model_folders() == {"tfidf": shipped / "tfidf", "mine": own / "mine"}
    assert find_model("tfidf") == shipped / "tfidf"
    assert find_model("mine") == own / "mine"


def test_the_users_model_goes_before_a_shipped_one_of_its_name(roots: tuple[Path, Path]) -> None:
    shipped, own = roots
    make_model_folder(shipped / "tfidf")
    make_model_folder(own / "tfidf")
    assert find_model("tfidf") == own / "tfidf"


@pytest.mark.usefixtures("roots")
def test_a_model_is_found_by_its_folder(folder: Path) -> None:
    assert find_model(str(folder)) == folder
    assert find_model(os.path.relpath(folder)) == Path(os.path.relpath(folder))


def test_an_unknown_model_names_those_that_there_are(roots: tuple[Path, Path]) -> None:
    shipped, own = roots
    make_model_folder(shipped / "tfidf")
    make_model_folder(own / "mine")
    with pytest.raises(ModelError, match=r"tfdif: unknown model\. .* or one of: tfidf, mine\."):
        find_model("tfdif")


@pytest.mark.usefixtures("roots")
def test_where_no_model_is_installed_the_line_says_so() -> None:
    with pytest.raises(ModelError, match=r"or one of: none is installed\."):
        find_model("transformer")


def test_a_folder_of_models_that_is_not_there_holds_none(
    roots: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMING_MODELS", str(roots[1] / "gone"))
    assert model_folders() == {}


@pytest.mark.parametrize("value", [None, ""])
def test_without_framing_models_the_users_models_lie_in_the_data_folder(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("FRAMING_MODELS", raising=False)
    if value is not None:
        monkeypatch.setenv("FRAMING_MODELS", value)
    assert user_models().parts[-2:] == ("framing", "models")
    assert user_models().is_absolute()
