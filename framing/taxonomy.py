"""Devices and voices, read from `taxonomy.toml`; a model carries those it was trained on."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from framing.errors import LabelsError

SpanBounds = Literal["clean", "free"]
Content = TypeVar("Content")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_,.-]*")
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")


class Device(msgspec.Struct, frozen=True):
    """A framing device: the label of a span."""

    name: str
    title: str
    letter: str
    colour: str
    definition: str


class Voice(msgspec.Struct, frozen=True):
    """Whose words carry a span."""

    name: str
    title: str
    definition: str


class Taxonomy(msgspec.Struct, frozen=True):
    """The devices and voices that labels may use, in their fixed order."""

    labels_version: str
    codebook_version: str
    devices: tuple[Device, ...]
    voices: tuple[Voice, ...]

    @property
    def device_names(self) -> tuple[str, ...]:
        """Names of the devices, in order."""
        return tuple(device.name for device in self.devices)

    @property
    def voice_names(self) -> tuple[str, ...]:
        """Names of the voices, in order."""
        return tuple(voice.name for voice in self.voices)

    def device(self, name: str) -> Device:
        """Return the device of a name.

        Raises:
            KeyError: if there is none.
        """
        return {device.name: device for device in self.devices}[name]


class _Codebook(msgspec.Struct, frozen=True):
    """What a taxonomy file says of spans; a model carries the taxonomy and needs none of it."""

    span_bounds: SpanBounds = "clean"


def read_taxonomy(path: Path) -> Taxonomy:
    """Read a taxonomy file.

    Raises:
        LabelsError: if the file is missing, is not TOML, lacks a field, or names a device twice.
    """
    taxonomy = _read(path, Taxonomy)
    problems = check_taxonomy(taxonomy)
    if problems:
        raise LabelsError([f"{path}: {problem}" for problem in problems])
    return taxonomy


def read_span_bounds(path: Path) -> SpanBounds:
    """Read from a taxonomy file where spans may start and end: `span_bounds`, 'clean' by default.

    'clean' spans start and end at a word and stay in one sentence. 'free' ones start and end where
    their annotators put them; labels that others made under their own rules need that.

    Raises:
        LabelsError: if the file is missing or is not TOML, or names other bounds.
    """
    return _read(path, _Codebook).span_bounds


def _read(path: Path, kind: type[Content]) -> Content:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LabelsError(
            [f"{path}: cannot be read ({error.strerror}). Expected a taxonomy file."]
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LabelsError([f"{path}: not a TOML file: {error}"]) from error
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        raise LabelsError([f"{path}: {error}"]) from error


def check_taxonomy(taxonomy: Taxonomy) -> list[str]:
    """Return what is wrong with a taxonomy: nothing in it, bad or doubled names, bad colours."""
    problems = []
    if not taxonomy.devices or not taxonomy.voices:
        problems.append("expected at least one device and one voice")
    for kind, names in (("device", taxonomy.device_names), ("voice", taxonomy.voice_names)):
        problems += [
            f"{kind} name {name!r}: expected letters, digits, and '_' '-' '.' ','"
            for name in names
            if not _NAME.fullmatch(name)
        ]
        problems += [
            f"{kind} {name!r} is defined twice"
            for name in sorted(set(names))
            if names.count(name) > 1
        ]
    problems += [
        f"device {device.name!r}: colour {device.colour!r}: expected #RRGGBB"
        for device in taxonomy.devices
        if not _COLOUR.fullmatch(device.colour)
    ]
    return problems
