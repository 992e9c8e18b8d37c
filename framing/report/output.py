"""Where scores go: standard output, or a file that gets its name when it is whole.

Until then it is called FILE.part. Records of `jsonl` and `csv` stay there after an interrupt, each
pushed out at once, so that a batch can be resumed.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, Protocol

from framing.errors import FramingError, InputError, UsageError
from framing.model_folder import ModelManifest
from framing.scoring import Result

Format = Literal["table", "jsonl", "csv", "html"]
RESUMABLE = ("jsonl", "csv")
_SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".html": "html",
    ".htm": "html",
    ".txt": "table",
}


class ResultWriter(Protocol):
    """Writes results in one format, in the order that they come."""

    def write(self, result: Result) -> None:
        """Write one result."""

    def close(self) -> None:
        """Write what stands after the last result."""


@dataclass(frozen=True)
class Target:
    """Where scores go, and how.

    Attributes:
        format: one of the four formats.
        path: file to write; None for standard output.
        resume: whether the records of an interrupted run are kept.
        with_text: whether records hold the whole text.
    """

    format: Format
    path: Path | None = None
    resume: bool = False
    with_text: bool = False

    @property
    def part(self) -> Path | None:
        """The file's name while it is written; None for standard output."""
        return self.path and self.path.with_name(f"{self.path.name}.part")


@dataclass
class Tally:
    """Counts of a batch.

    Attributes:
        n_scored: documents scored in this run.
        n_failed: inputs that could not be read or scored.
        n_kept: documents kept of an earlier run.
        n_characters: characters scored in this run.
    """

    n_scored: int = 0
    n_failed: int = 0
    n_kept: int = 0
    n_characters: int = 0

    def count(self, result: Result) -> None:
        """Count a result in."""
        if isinstance(result, InputError):
            self.n_failed += 1
        else:
            self.n_scored += 1
            self.n_characters += len(result.document.text)

    @property
    def exit_status(self) -> int:
        """0 if nothing failed, 3 if some inputs did, 1 if all did."""
        if not self.n_failed:
            return 0
        return 3 if self.n_scored or self.n_kept else 1


def choose_target(
    format_name: Format | None,
    path: Path | None,
    *,
    resume: bool,
    with_text: bool,
    to_terminal: bool,
) -> Target:
    """Return where scores go, by the options of the command line.

    Without a format it is the one of the file's suffix; without a file a table for a terminal and
    JSON lines for anything else.

    Raises:
        UsageError: if the suffix tells no format, the folder is missing, or an option does not go
            with the format.
    """
    if path is not None and (path.is_dir() or not path.parent.is_dir()):
        raise UsageError(f"--output {path}: expected a file in a folder that exists")
    chosen = format_name or _default_format(path, to_terminal)
    if resume and (path is None or chosen not in RESUMABLE):
        raise UsageError("--resume goes with --output FILE and the formats jsonl and csv")
    if with_text and chosen != "jsonl":
        raise UsageError(f"--with-text goes with the format jsonl, not {chosen}")
    return Target(chosen, path, resume, with_text)


def write_results(
    results: Iterable[Result], target: Target, manifest: ModelManifest, tally: Tally
) -> None:
    """Write every result, counting it, and give the file its name.

    A file of which every input failed is not made. After an error or an interrupt FILE.part stays
    if it holds records and can be resumed, else it is removed.

    Raises:
        FramingError: if the file cannot be written.
    """
    with (
        _stream(target, tally) as stream,
        _writer(target, stream, manifest) as writer,
    ):
        for result in results:
            with _writing(target):
                writer.write(result)
            tally.count(result)
        with _writing(target):
            writer.close()


def _default_format(path: Path | None, to_terminal: bool) -> Format:
    if path is None:
        return "table" if to_terminal else "jsonl"
    if path.suffix.lower() not in _SUFFIXES:
        raise UsageError(
            f"--output {path}: the suffix tells no format. "
            f"Expected one of {' '.join(_SUFFIXES)}, or --format."
        )
    return _SUFFIXES[path.suffix.lower()]


@contextmanager
def _writer(target: Target, stream: IO[str], manifest: ModelManifest) -> Iterator[ResultWriter]:
    if target.format == "jsonl":
        from framing.report.records import JsonLinesWriter

        yield JsonLinesWriter(stream, manifest, with_text=target.with_text)
    elif target.format == "csv":
        from framing.report.csv import CsvWriter

        fresh = target.part is None or not target.part.stat().st_size
        yield CsvWriter(stream, manifest, header=fresh)
    elif target.format == "html":
        from framing.report.html import HtmlWriter

        with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as articles:
            yield HtmlWriter(stream, manifest, articles)
    else:
        from framing.report.table import TableWriter

        yield TableWriter(stream, manifest, in_file=target.path is not None)


@contextmanager
def _stream(target: Target, tally: Tally) -> Iterator[IO[str]]:
    if target.path is None or target.part is None:
        yield _standard_output(target.format)
        return
    with _writing(target):
        stream = target.part.open("a" if target.resume else "w", encoding="utf-8", newline="")
    try:
        with stream:
            yield stream
    except BaseException:
        if target.format not in RESUMABLE or not (tally.n_scored or tally.n_kept):
            target.part.unlink()
        raise
    if tally.exit_status == 1:
        target.part.unlink()
    else:
        with _writing(target):
            target.part.replace(target.path)


def _standard_output(format_name: Format) -> IO[str]:
    # Data are UTF-8 everywhere; a table is in the terminal's own encoding, with '?' for the rest.
    if isinstance(sys.stdout, io.TextIOWrapper):
        if format_name == "table":
            sys.stdout.reconfigure(errors="replace")
        else:
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    return sys.stdout


@contextmanager
def _writing(target: Target) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if target.path is None:
            raise
        raise FramingError(
            f"{target.path}: cannot be written: {error.strerror or error}"
        ) from error
