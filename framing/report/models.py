"""What can be told of a model without loading it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from framing.model_folder import ModelManifest, read_manifest

EVALUATION = "evaluation.json"


class Headline(msgspec.Struct, frozen=True):
    """Overlap F1, micro average over devices, as the model's `evaluation.json` has it."""

    overlap_f1: float
    low: float | None
    high: float | None
    split: str

    def __str__(self) -> str:
        interval = (
            "" if self.low is None or self.high is None else f" ({self.low:.2f}-{self.high:.2f})"
        )
        return f"overlap F1 {self.overlap_f1:.2f}{interval} on {self.split}"


class ModelFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A line of `framing models list`.

    Attributes:
        n_bytes: size of all files of the folder.
        headline: None where the folder holds no evaluation of the model.
    """

    name: str
    folder: str
    kind: str
    version: str
    labels_version: str
    n_bytes: int
    headline: Headline | None


class _Figure(msgspec.Struct):
    value: float | None = None
    low: float | None = None
    high: float | None = None


class _Overlap(msgspec.Struct):
    f1: _Figure


class _Micro(msgspec.Struct):
    overlap: _Overlap


class _Group(msgspec.Struct):
    micro: _Micro


class _Model(msgspec.Struct):
    name: str
    groups: dict[str, _Group]


class _Signature(msgspec.Struct):
    split: str


class _Evaluation(msgspec.Struct):
    """As much of an evaluation as the headline needs."""

    signature: _Signature
    models: list[_Model]


def model_facts(folder: Path) -> ModelFacts:
    """Return what can be told of a model folder.

    Raises:
        ModelError: if its manifest is missing or damaged.
    """
    manifest = read_manifest(folder)
    return ModelFacts(
        name=folder.name,
        folder=str(folder),
        kind=manifest.kind,
        version=manifest.version,
        labels_version=manifest.labels_version,
        n_bytes=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        headline=_headline(folder, manifest),
    )


def format_facts(models: list[ModelFacts]) -> str:
    """Return a line a model, in columns under a header."""
    header = ("name", "kind", "version", "labels", "size", "quality")
    rows = [header, *(_cells(facts) for facts in models)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(lines) + "\n"


def format_manifest(folder: Path, manifest: ModelManifest) -> str:
    """Return the facts of a model, one a line."""
    facts = model_facts(folder)
    devices = manifest.taxonomy.device_names
    width = max(map(len, devices), default=0)
    lines = [
        f"name      {facts.name}",
        f"folder    {facts.folder}",
        f"kind      {manifest.kind}",
        f"version   {manifest.version}, made {manifest.created}",
        f"labels    {manifest.labels_version}, data {manifest.labels_digest}",
        f"quality   {facts.headline or 'no evaluation'}",
        f"command   {manifest.command}",
        f"seed      {manifest.seed}",
        f"libraries {', '.join(f'{name} {v}' for name, v in manifest.libraries.items())}",
        f"voices    {', '.join(manifest.taxonomy.voice_names)}",
        "devices   reported from / uncertain from",
        *(
            f"          {name:{width}}  {threshold.report:.2f} / {threshold.uncertain:.2f}"
            for name in devices
            if (threshold := manifest.thresholds.get(name))
        ),
        "files     SHA-256",
        *(f"          {sha256}  {name}" for name, sha256 in manifest.files.items()),
    ]
    return "\n".join(lines) + "\n"


def format_size(n_bytes: int) -> str:
    """Return a size in the largest unit that leaves at least 1.

    >>> format_size(900), format_size(23_400_000)
    ('900 B', '23.4 MB')
    """
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.1f} {unit}"
    return f"{n_bytes} B"


def _cells(facts: ModelFacts) -> tuple[str, ...]:
    return (
        facts.name,
        facts.kind,
        facts.version,
        facts.labels_version,
        format_size(facts.n_bytes),
        str(facts.headline or "no evaluation"),
    )


def _headline(folder: Path, manifest: ModelManifest) -> Headline | None:
    # An evaluation that is missing or of another form is no reason to hide the model.
    try:
        evaluation = msgspec.json.decode((folder / EVALUATION).read_bytes(), type=_Evaluation)
    except (OSError, msgspec.DecodeError):
        return None
    for model in evaluation.models:
        if model.name == manifest.name and "all" in model.groups:
            figure = model.groups["all"].micro.overlap.f1
            if figure.value is not None:
                return Headline(figure.value, figure.low, figure.high, evaluation.signature.split)
    return None
