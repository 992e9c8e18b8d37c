"""A model folder: manifest, checksums, and where models are found."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from framing.calibration import Sigmoid
from framing.errors import ModelError
from framing.files import file_sha256, shipped, write_text
from framing.taxonomy import Taxonomy, check_taxonomy

MANIFEST = "manifest.json"
FORMAT_VERSION = 1
DEFAULT_MODEL = "transformer"


SettingValue = bool | int | float | str | list[float] | dict[str, float]


class _Format(msgspec.Struct):
    """The field of a manifest that is read first: another format may have other fields."""

    format_version: int = FORMAT_VERSION


class Thresholds(msgspec.Struct, frozen=True):
    """Scores at which spans of one device are reported, or kept as uncertain below that."""

    report: float
    uncertain: float


class Calibration(msgspec.Struct, frozen=True):
    """For each device the maps from raw scores to probabilities, of a span and of a document."""

    spans: dict[str, Sigmoid]
    documents: dict[str, Sigmoid]


class ModelManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is, how it was made, and the SHA-256 of each of its files.

    Attributes:
        settings: what the runtime of this kind of model needs (window lengths, n-gram ranges, …).
    """

    format_version: int = FORMAT_VERSION
    name: str
    kind: str
    version: str
    labels_version: str
    labels_digest: str
    seed: int
    command: str
    created: str
    libraries: dict[str, str]
    taxonomy: Taxonomy
    thresholds: dict[str, Thresholds]
    calibration: Calibration
    settings: dict[str, SettingValue]
    files: dict[str, str] = {}


def read_manifest(folder: Path) -> ModelManifest:
    """Read the manifest of a model folder, without looking at the other files.

    Raises:
        ModelError: if there is no manifest, or it is damaged or of another format.
    """
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{folder}: no model folder ({MANIFEST} cannot be read). "
            "Expected a folder that 'framing train' wrote, or a name from 'framing models list'."
        ) from error
    try:
        found = msgspec.json.decode(content, type=_Format).format_version
        if found != FORMAT_VERSION:
            raise ModelError(
                f"{path}: format version {found}, this version of framing reads {FORMAT_VERSION}. "
                "Train the model again, or use the version that wrote it."
            )
        manifest = msgspec.json.decode(content, type=ModelManifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: damaged manifest: {error}. Get the model again.") from error
    problems = [f"taxonomy: {problem}" for problem in check_taxonomy(manifest.taxonomy)]
    problems += _untuned(manifest)
    if problems:
        raise ModelError(f"{path}: {problems[0]}. Get the model again.")
    return manifest


def _untuned(manifest: ModelManifest) -> list[str]:
    tuned: dict[str, Mapping[str, object]] = {
        "thresholds": manifest.thresholds,
        "calibration of spans": manifest.calibration.spans,
        "calibration of documents": manifest.calibration.documents,
    }
    return [
        f"device {device!r} has no {part}"
        for part, of_devices in tuned.items()
        for device in manifest.taxonomy.device_names
        if device not in of_devices
    ]


def check_files(folder: Path, manifest: ModelManifest) -> list[str]:
    """Return what is wrong with the files of a model folder: missing, outside of it, or changed."""
    problems = []
    for name, expected in sorted(manifest.files.items()):
        if Path(name).name != name:
            problems.append(f"{folder}: file name {name!r} leads out of the folder")
        elif not (folder / name).is_file():
            problems.append(f"{folder / name}: missing. Get the model again.")
        elif (found := file_sha256(folder / name)) != expected:
            problems.append(
                f"{folder / name}: SHA-256 {found[:12]}…, expected {expected[:12]}…: "
                "damaged or changed. Get the model again."
            )
    return problems


def open_model_folder(folder: Path) -> ModelManifest:
    """Read a manifest and check every file that it names.

    Raises:
        ModelError: if the manifest or a file is missing or damaged (all of them are named).
    """
    manifest = read_manifest(folder)
    problems = check_files(folder, manifest)
    if problems:
        raise ModelError("\n".join(problems))
    return manifest


def write_manifest(folder: Path, manifest: ModelManifest, file_names: list[str]) -> ModelManifest:
    """Write the manifest with the SHA-256 of the named files, which stand in the folder already."""
    files = {name: file_sha256(folder / name) for name in sorted(file_names)}
    manifest = msgspec.structs.replace(manifest, files=files)
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=1).decode()
    write_text(folder / MANIFEST, content + "\n")
    return manifest


@contextmanager
def new_model_folder(output: Path) -> Iterator[Path]:
    """Yield a temporary folder that takes the output's place when the block ends without an error.

    An old model there is replaced; after an error or an interrupt it is as it was. A link stays,
    and the folder that it leads to is replaced.

    Raises:
        ModelError: if the output has no name, holds something else than a model, or cannot be
            written.
    """
    if output.name in ("", ".."):
        raise ModelError(
            f"{output}: a model has the name of its folder. Expected a folder with its name."
        )
    if _holds_something_else(output):
        raise ModelError(f"{output}: holds something else than a model. Name another folder.")
    target = output.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError as error:
        raise ModelError(
            f"{output}: cannot be written ({error.strerror}). Name another folder."
        ) from error
    try:
        yield folder
        folder.chmod(0o755)
        _replace(target, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _holds_something_else(output: Path) -> bool:
    if not output.is_dir():
        return output.exists()
    return any(output.iterdir()) and not (output / MANIFEST).exists()


def _replace(target: Path, folder: Path) -> None:
    if not target.exists():
        folder.rename(target)
        return
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)  # of a run that was killed at this point
    target.rename(old)
    folder.rename(target)
    shutil.rmtree(old)


def model_folders() -> Mapping[str, Path]:
    """Return every model that a name reaches: the shipped ones and the user's own."""
    folders: dict[str, Path] = {}
    for root in (shipped("models"), user_models()):
        if root.is_dir():
            found = sorted(root.glob(f"[!.]*/{MANIFEST}"))
            folders |= {path.parent.name: path.parent for path in found}
    return folders


def user_models() -> Path:
    """Return the folder of the user's models: `FRAMING_MODELS`, else the platform's data folder."""
    from platformdirs import user_data_path

    named = os.environ.get("FRAMING_MODELS")
    return Path(named) if named else user_data_path("framing") / "models"


def find_model(name: str) -> Path:
    """Return the folder of a model, given its name or its folder.

    Raises:
        ModelError: if there is none; the line names those that there are.
    """
    folders = model_folders()
    if name in folders:
        return folders[name]
    if (Path(name) / MANIFEST).is_file():
        return Path(name)
    raise ModelError(
        f"{name}: unknown model. Expected a folder with a {MANIFEST}, "
        f"or one of: {', '.join(folders) or 'none is installed'}."
    )
