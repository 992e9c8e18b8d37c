from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from framing.errors import LabelsError
from framing.taxonomy import (
    Device,
    Taxonomy,
    Voice,
    check_taxonomy,
    read_span_bounds,
    read_taxonomy,
)

TWO_DEVICES = """
labels_version = "2.0"
codebook_version = "1.3"

[[devices]]
name = "Appeal_to_fear-prejudice"
title = "Appeal to fear"
letter = "A"
colour = "#12abEF"
definition = "Fear is called up."

[[devices]]
name = "doubt"
title = "Doubt"
letter = "Q"
colour = "#000000"
definition = "Credit is questioned."

[[voices]]
name = "narrator"
title = "narrator"
definition = "The narrator says it."
"""


def write(folder: Path, content: str) -> Path:
    path = folder / "taxonomy.toml"
    path.write_text(content, encoding="utf-8")
    return path


def taxonomy(**changes: object) -> Taxonomy:
    base = Taxonomy(
        labels_version="1",
        codebook_version="1",
        devices=(device("denial"), device("doubt")),
        voices=(Voice("own", "own", ""),),
    )
    return msgspec.structs.replace(base, **changes)


def device(name: str, colour: str = "#123456") -> Device:
    return Device(name, name, "X", colour, "")


def test_devices_and_voices_keep_the_order_of_the_file(tmp_path: Path) -> None:
    taxonomy = read_taxonomy(write(tmp_path, TWO_DEVICES))
    assert taxonomy.device_names == ("Appeal_to_fear-prejudice", "doubt")
    assert taxonomy.voice_names == ("narrator",)
    assert (taxonomy.labels_version, taxonomy.codebook_version) == ("2.0", "1.3")
    assert taxonomy.device("doubt").definition == "Credit is questioned."


def test_spans_have_clean_bounds_unless_the_file_frees_them(tmp_path: Path) -> None:
    assert read_span_bounds(write(tmp_path, TWO_DEVICES)) == "clean"
    path = write(tmp_path, f'span_bounds = "free"\n{TWO_DEVICES}')
    assert read_span_bounds(path) == "free"
    assert read_taxonomy(path).device_names == ("Appeal_to_fear-prejudice", "doubt")


def test_other_span_bounds_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, 'span_bounds = "loose"')
    with pytest.raises(LabelsError, match=r"taxonomy\.toml: Invalid enum value 'loose'"):
        read_span_bounds(path)


def test_a_device_that_is_not_there_is_a_key_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="denial"):
        read_taxonomy(write(tmp_path, TWO_DEVICES)).device("denial")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match=r"none\.toml: cannot be read \(No such file.*\)"):
        read_taxonomy(tmp_path / "none.toml")


@pytest.mark.parametrize("content", [b"devices = [", b'labels_version = "\xff"'])
def test_what_is_not_toml_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "taxonomy.toml"
    path.write_bytes(content)
    with pytest.raises(LabelsError, match=r"taxonomy\.toml: not a TOML file: ") as error:
        read_taxonomy(path)
    assert len(error.value.problems) == 1


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('codebook_version = "1.3"\n', "", "missing required field `codebook_version`"),
        ('letter = "A"\n', "", r"missing required field `letter` - at `\$.devices\[0\]`"),
        ('labels_version = "2.0"', "labels_version = 2", "Expected `str`, got `int`"),
    ],
)
def test_a_missing_or_mistyped_field_is_named(
    tmp_path: Path, old: str, new: str, found: str
) -> None:
    path = write(tmp_path, TWO_DEVICES.replace(old, new, 1))
    with pytest.raises(LabelsError, match=rf"taxonomy\.toml: .*{found}"):
        read_taxonomy(path)


def test_all_problems_are_listed_each_with_the_file(tmp_path: Path) -> None:
    content = TWO_DEVICES.replace('"doubt"', '"Appeal_to_fear-prejudice"').replace("#12abEF", "red")
    with pytest.raises(LabelsError, match="is defined twice") as error:
        read_taxonomy(write(tmp_path, content))
    assert len(error.value.problems) == 2
    assert all(str(tmp_path / "taxonomy.toml") in line for line in error.value.problems)


def test_a_sound_taxonomy_has_no_problems() -> None:
    assert check_taxonomy(taxonomy()) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"devices": ()}, "expected at least one device and one voice"),
        ({"voices": ()}, "expected at least one device and one voice"),
        ({"devices": (device("denial"), device("denial"))}, "device 'denial' is defined twice"),
        (
            {"voices": (Voice("own", "a", ""), Voice("own", "b", ""))},
            "voice 'own' is defined twice",
        ),
        (
            {"devices": (device("flat denial"),)},
            "device name 'flat denial': expected letters, digits, and '_' '-' '.' ','",
        ),
        (
            {"voices": (Voice("../own", "a", ""),)},
            "voice name '../own': expected letters, digits, and '_' '-' '.' ','",
        ),
        (
            {"devices": (device("denial", "#12345"),)},
            "device 'denial': colour '#12345': expected #RRGGBB",
        ),
        (
            {"devices": (device("denial", "url(x)"),)},
            "device 'denial': colour 'url(x)': expected #RRGGBB",
        ),
    ],
)
def test_what_is_wrong_with_a_taxonomy_is_said(changes: dict[str, object], problem: str) -> None:
    assert check_taxonomy(taxonomy(**changes)) == [problem]
