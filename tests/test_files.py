from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from framing import files
from framing.files import atomic_writer, file_sha256, shipped, write_text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def umask() -> Iterator[None]:
    old = os.umask(0o027)
    yield
    os.umask(old)


def test_text_is_written_as_utf8_with_its_own_line_ends(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "Môle 🜁\nnext\r\n")
    assert (tmp_path / "a.txt").read_bytes() == "Môle 🜁\nnext\r\n".encode()
    assert names(tmp_path) == ["a.txt"]


def test_the_folder_of_a_text_is_made(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "newer" / "a.txt", "quay")
    assert (tmp_path / "new" / "newer" / "a.txt").read_text(encoding="utf-8") == "quay"


def test_a_binary_file_takes_bytes(tmp_path: Path) -> None:
    with atomic_writer(tmp_path / "a.bin", binary=True) as stream:
        stream.write(b"\x00\xff\r\n")
    assert (tmp_path / "a.bin").read_bytes() == b"\x00\xff\r\n"


def test_the_file_has_its_name_only_when_the_block_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    with atomic_writer(path) as stream:
        stream.write("new")
        stream.flush()
        assert path.read_text(encoding="utf-8") == "old"
    assert path.read_text(encoding="utf-8") == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("binary", [False, True])
def test_after_an_error_or_an_interrupt_all_is_as_it_was(
    tmp_path: Path, error: type[BaseException], binary: bool
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")

    def write() -> None:
        with atomic_writer(path, binary=binary) as stream:
            stream.write(b"half" if binary else "half")
            raise error("stop")

    with pytest.raises(error, match="stop"):
        write()
    assert names(tmp_path) == ["a.txt"]
    assert path.read_text(encoding="utf-8") == "old"


def test_a_text_that_cannot_be_encoded_leaves_the_old_file(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(UnicodeEncodeError, match="surrogates not allowed"):
        write_text(tmp_path / "a.txt", "caf\udce9")
    assert names(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "old"


@pytest.mark.usefixtures("umask")
def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "quay")
    # 0o666 less the mask 0o027, where a temporary file would have 0o600.
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640


def test_a_file_is_hashed_by_its_bytes(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    (tmp_path / "a.bin").write_bytes(content)
    assert file_sha256(tmp_path / "a.bin") == hashlib.sha256(content).hexdigest()


def test_in_a_clone_shipped_things_lie_beside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PACKAGE", tmp_path / "framing")
    assert shipped("models") == tmp_path / "models"
    assert shipped("taxonomy.toml") == tmp_path / "labels" / "taxonomy.toml"


def test_in_a_wheel_shipped_things_lie_inside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PACKAGE", tmp_path)
    write_text(tmp_path / "_shipped" / "taxonomy.toml", "")
    (tmp_path / "_shipped" / "models").mkdir()
    assert shipped("models") == tmp_path / "_shipped" / "models"
    assert shipped("taxonomy.toml") == tmp_path / "_shipped" / "taxonomy.toml"


def test_the_shipped_taxonomy_is_there() -> None:
    assert shipped("taxonomy.toml").is_file()
