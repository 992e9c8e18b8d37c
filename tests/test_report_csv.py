from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phrase_matcher import manifest, scored

from framing.errors import InputError
from framing.report.csv import COLUMNS, CsvWriter, format_rows, inert
from framing.scoring import Result


def written(*results: Result, header: bool = True) -> list[dict[str, str]]:
    stream = io.StringIO(newline="")
    writer = CsvWriter(stream, manifest(), header=header)
    for result in results:
        writer.write(result)
    writer.close()
    return list(
        csv.DictReader(io.StringIO(stream.getvalue(), newline=""), None if header else COLUMNS)
    )


def test_each_reported_span_has_a_row() -> None:
    rows = written(scored("He said there was no leak. It may be rumours.", source="a.txt"))
    assert [(row["device"], row["voice"], row["text"]) for row in rows] == [
        ("denial", "quoted", "there was no leak"),
        ("blame_shifting", "own", "no leak"),
    ]
    assert rows[1]["score"] == "0.8123"
    assert rows[1]["model"] == "phrases 1.2"
    assert (rows[1]["start"], rows[1]["end"]) == ("18", "25")


def test_documents_without_spans_and_failures_have_no_row() -> None:
    assert written(scored("Rain fell."), InputError("x", "no text")) == []


def test_the_header_stands_once() -> None:
    (row,) = written(scored("It never happened."), header=False)
    assert row["id"] == "d1"


def test_commas_quotes_and_line_ends_survive() -> None:
    (row,) = written(scored("It never happened.", title='Rain, "heavy"\nand long'))
    assert row["title"] == 'Rain, "heavy"\nand long'


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_is_a_formula(start: str) -> None:
    (row,) = written(scored("It never happened.", title=f"{start}cmd|' /C calc'!A0"))
    assert row["title"].startswith("'")


@given(st.text())
def test_only_an_apostrophe_is_ever_added(cell: str) -> None:
    assert inert(cell).removeprefix("'") == cell.removeprefix("'")
    assert not inert(cell).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4))
def test_rows_read_back_the_same(cells: list[str]) -> None:
    stream = io.StringIO(format_rows([tuple(cells)]), newline="")
    assert list(csv.reader(stream)) == [cells]
