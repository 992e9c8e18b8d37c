"""Files: written whole or not at all, and found wherever the package was installed."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

PACKAGE = Path(__file__).parent


@contextmanager
def atomic_writer(path: Path, *, binary: bool = False) -> Iterator[IO[Any]]:
    """Yield a file beside `path` that takes its name when the block ends without an error.

    After an error or an interrupt the temporary file is removed and `path` is as it was.
    Text is UTF-8 with LF line ends.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    temporary = Path(name)
    try:
        if binary:
            with os.fdopen(descriptor, "wb") as stream:
                yield stream
        else:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
                yield stream
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all (UTF-8, LF), making its folder where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_writer(path) as stream:
        stream.write(text)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def shipped(name: str) -> Path:
    """Return the path of a thing that ships with the package: `models` or `taxonomy.toml`.

    In a wheel it lies inside the package, in a clone beside it.
    """
    inside = PACKAGE / "_shipped" / name
    if inside.exists():
        return inside
    return PACKAGE.parent / ("labels/taxonomy.toml" if name == "taxonomy.toml" else name)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
