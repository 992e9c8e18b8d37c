"""What a user names becomes a stream of documents and errors: files, folders, patterns, tables."""

import csv
import gzip
import json
import os
import sys
from collections.abc import Callable
from datetime import date
from io import BytesIO, StringIO
from itertools import islice
from pathlib import Path

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from framing.documents import read_inputs, rows
from framing.documents.rows import Row, byte_lines, csv_rows, json_rows
from framing.errors import InputError
from framing.spans import Document

JSON_LINES = (
    b'{"id": "a1", "text": "One.", "title": "First", "outlet": "The Ostrel Post", "n": 3}\n'
    b"\n"
    b'{"id": 7, "text": "Two.", "checked": true, "tags": ["x"], "date": null}\n'
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ids(*inputs: str, **options: str) -> list[str]:
    """Return the id of each document and the message of each error."""
    found = read_inputs(inputs, **options)  # type: ignore[arg-type]
    return [item.doc_id if isinstance(item, Document) else str(item) for item in found]


def documents(*inputs: str, **options: str) -> list[Document]:
    found = list(read_inputs(inputs, **options))  # type: ignore[arg-type]
    errors = [str(item) for item in found if isinstance(item, InputError)]
    assert errors == []
    return [item for item in found if isinstance(item, Document)]


def fill(folder: Path, **contents: bytes | str) -> None:
    """Write files; two underscores in a name stand for a slash, one for a dot."""
    for name, content in contents.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def test_files_keep_the_order_and_the_path_they_were_given(folder: Path) -> None:
    fill(folder, b_txt="B.", news__a_md="A.")
    assert ids("b.txt", "news/a.md") == ["b.txt", "news/a.md"]
    (absolute,) = documents(str(folder / "b.txt"))
    assert absolute.doc_id == absolute.source == (folder / "b.txt").as_posix()


def test_bad_inputs_are_yielded_and_the_others_go_on(folder: Path) -> None:
    fill(folder, a_txt="A.", empty_txt="", picture_txt=b"\0\0", z_txt="Z.")
    assert ids("gone.txt", "a.txt", "empty.txt", "picture.txt", "gone/*.txt", "z.txt") == [
        "gone.txt: no such file or folder",
        "a.txt",
        "empty.txt: is empty",
        "picture.txt: binary file; expected text, HTML, PDF or DOCX",
        "gone/*.txt: no such file or folder",
        "z.txt",
    ]


def test_folders_are_read_with_their_subfolders_in_order(folder: Path) -> None:
    fill(folder, news__b_txt="B.", news__a__z_html="<p>Z.</p>", news__c__d__e_md="E.", news__k="K.")
    fill(folder, news__x_py="no", news__t_csv="text\nRow.\n", news___hidden_txt="no")
    fill(folder, news___git__a_txt="no")
    expected = ["news/a/z.html", "news/b.txt", "news/c/d/e.md", "news/k"]
    assert ids("news") == expected
    assert ids("news", text_column="text") == [*expected, "news/t.csv:1"]


def test_links_to_folders_are_not_followed(folder: Path) -> None:
    fill(folder, news__a_txt="A.")
    (folder / "news" / "again").symlink_to(folder / "news", target_is_directory=True)
    assert ids("news") == ["news/a.txt"]


def test_a_locked_folder_is_an_error_and_the_others_go_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scandir(path: Path) -> object:
        if path.name == "locked":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    scan = os.scandir
    monkeypatch.setattr(os, "scandir", scandir)
    fill(folder, news__a_txt="A.", news__locked__b_txt="B.", news__z_txt="Z.")
    assert ids("news") == [
        "news/a.txt",
        "news/locked: cannot be read: Permission denied",
        "news/z.txt",
    ]


def test_a_folder_without_readable_files_is_an_error(folder: Path) -> None:
    fill(folder, news__x_py="no", news__t_csv="text\nRow.\n")
    (message,) = ids("news")
    assert message.startswith("news: no readable file in it; expected .docx, .htm, .html")
    assert message.endswith("Tables in a folder are read when a text column is named")


def test_patterns_that_the_shell_left_are_filled_in(folder: Path) -> None:
    fill(folder, news__b_txt="B.", news__a_txt="A.", news__deep__c_txt="C.", news__d_md="D.")
    assert ids("news/*.txt") == ["news/a.txt", "news/b.txt"]
    assert ids("news/**/*.txt") == ["news/a.txt", "news/b.txt", "news/deep/c.txt"]
    assert ids("news/**") == ["news/a.txt", "news/b.txt", "news/d.md", "news/deep/c.txt"]
    assert ids("new?/[ab].txt") == ["news/a.txt", "news/b.txt"]


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(folder: Path) -> None:
    (folder / "a[1].txt").write_text("A.")
    assert ids("a[1].txt") == ["a[1].txt"]


@pytest.mark.parametrize("data", [b"Words.", b"<html><body><p>Words.</p></body></html>"])
def test_standard_input_is_text_or_html(data: bytes) -> None:
    (document,) = read_inputs(["-"], stdin=BytesIO(data))
    assert isinstance(document, Document)
    assert (document.doc_id, document.source, document.text) == ("stdin", "stdin", "Words.")


def test_empty_standard_input_is_an_error() -> None:
    (error,) = read_inputs(["-"], stdin=BytesIO(b" \n"))
    assert str(error) == "stdin: is empty"


def test_the_process_standard_input_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": BytesIO(b"Words.")}))
    assert ids("-") == ["stdin"]


@pytest.mark.parametrize("data", [b'{"body": "Words."}\n', b"body;n\nWords.;1\n"])
def test_standard_input_is_a_table_when_a_text_column_is_named(data: bytes) -> None:
    (document,) = read_inputs(["-"], stdin=BytesIO(data), text_column="body")
    assert isinstance(document, Document)
    assert (document.doc_id, document.text) == ("stdin:1", "Words.")


def test_an_empty_table_on_standard_input_is_an_error() -> None:
    (error,) = read_inputs(["-"], stdin=BytesIO(b""), text_column="body")
    assert str(error) == "stdin: is empty: the table has no rows"


def test_standard_input_of_no_codec_is_an_error() -> None:
    (error,) = read_inputs(["-"], stdin=BytesIO(b"text\n\x81\xff\n"), text_column="text")
    assert str(error).startswith("stdin: a line is neither UTF-8 nor cp1252")


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.ndjson", "rows.jsonl.gz"])
def test_json_lines_give_a_document_a_row(folder: Path, name: str) -> None:
    (folder / name).write_bytes(gzip.compress(JSON_LINES) if name.endswith("gz") else JSON_LINES)
    assert documents(name) == [
        Document("a1", "One.", f"{name}:1", "First"),
        Document("7", "Two.", f"{name}:3"),
    ]
    first, second = documents(name)
    assert first.metadata == {"outlet": "The Ostrel Post", "n": "3"}
    assert second.metadata == {"checked": "true"}


def test_broken_json_lines_are_errors_with_their_line(folder: Path) -> None:
    lines = [b'{"text": "One."}', b'{"text": "cut', b"[1]", b'{"text": "caf\xe9"}', b'{"text": 5}']
    lines += [b'{"text": null}', b'{"other": 1}', b'{"text": "Last."}', b"[" * 100_000]
    fill(folder, rows_jsonl=b"\n".join(lines))
    found = ids("rows.jsonl")
    assert [found[0], found[7]] == ["rows.jsonl:1", "rows.jsonl:8"]
    assert [message.split(" (")[0] for message in [*found[1:7], found[8]]] == [
        "rows.jsonl:2: broken JSON",
        "rows.jsonl:3: found type list; expected an object",
        "rows.jsonl:4: broken JSON",
        "rows.jsonl:5: column 'text' holds type int; expected a string",
        "rows.jsonl:6: column 'text' is empty",
        "rows.jsonl:7: column 'text' is empty",
        "rows.jsonl:9: broken JSON",
    ]


def csv_file(path: Path) -> None:
    path.write_bytes(b'doc_id,body,date\r\nx,"Said ""no"",\r\nthen left.",2024-03-02\r\n,Two.,\r\n')


def parquet_file(path: Path) -> None:
    columns = {
        "doc_id": ["x", None],
        "body": ['Said "no",\r\nthen left.', "Two."],
        "date": [date(2024, 3, 2), None],
        "n": [float("nan"), None],
    }
    parquet.write_table(pyarrow.table(columns), path)


@pytest.mark.parametrize(("name", "write"), [("t.csv", csv_file), ("t.parquet", parquet_file)])
def test_csv_and_parquet_give_a_document_a_row(
    folder: Path, name: str, write: Callable[[Path], None]
) -> None:
    write(folder / name)
    first, second = documents(name, text_column="body")
    assert first == Document("x", 'Said "no",\r\nthen left.', f"{name}:1")
    assert first.metadata == {"date": "2024-03-02"}
    assert second == Document(f"{name}:2", "Two.", f"{name}:2")
    assert second.metadata == {}


def test_chosen_columns_make_id_and_title(folder: Path) -> None:
    fill(folder, t_csv="id,url,head,text,title\n1,u1,H,T.,Other\n")
    (document,) = documents("t.csv", id_column="url", title_column="head")
    assert (document.doc_id, document.title) == ("u1", "H")
    assert document.metadata == {"id": "1", "title": "Other"}


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({}, "text"),
        ({"text_column": "boddy"}, "boddy"),
        ({"text_column": "body", "id_column": "k"}, "k"),
    ],
)
@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.jsonl"])
def test_a_wrong_column_is_one_error_that_lists_the_columns(
    folder: Path, name: str, options: dict[str, str], missing: str
) -> None:
    csv_file(folder / "t.csv")
    parquet.write_table(pyarrow.table({"doc_id": ["a"], "body": ["b"], "date": ["c"]}), "t.parquet")
    fill(folder, t_jsonl='{"doc_id": "a", "body": "b"}\n{"date": "c"}\n')
    expected = f"{name}: no column '{missing}'; the table has: doc_id, body, date"
    assert ids(name, **options) == [expected]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_csv_is_read_with_each_delimiter_and_codec(
    folder: Path, delimiter: str, encoding: str
) -> None:
    rows_of_text = [["id", "text"], ["1", "“Café”"], ["2", "Łódź" if "utf" in encoding else "Zoë"]]
    content = "".join(f"{delimiter.join(row)}\r\n" for row in rows_of_text)
    (folder / "t.csv").write_bytes(content.encode(encoding))
    assert [document.text for document in documents("t.csv")] == [
        rows_of_text[1][1],
        rows_of_text[2][1],
    ]


def test_tab_separated_text_may_hold_commas(folder: Path) -> None:
    fill(folder, t_tsv="text\nOne, two, three.\n", t_csv="text\nOne, two, three.\n")
    assert [document.text for document in documents("t.tsv")] == ["One, two, three."]
    (message,) = ids("t.csv")
    assert message.startswith("t.csv:1: 3 fields; expected 1, as in the header. Put texts")


def test_long_fields_are_read_and_longer_ones_are_errors(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The csv module's own limit is 131,072 characters.
    fill(folder, t_csv=f"id,text\n1,{'x' * 200_000}\n")
    assert len(documents("t.csv")[0].text) == 200_000
    monkeypatch.setattr(rows, "LONGEST_FIELD", 1000)
    fill(folder, t_csv=f"id,text\n1,{'x' * 1001}\n2,y\n")
    assert ids("t.csv") == ["t.csv:1: broken CSV (field larger than field limit (1000))", "2"]


def test_a_line_without_end_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "LONGEST_LINE", 1024**2)
    fill(folder, t_jsonl_gz=gzip.compress(b'{"text": "One."}\n' + b"x" * (1024**2 + 1)))
    assert ids("t.jsonl.gz") == ["t.jsonl.gz: a line is longer than 1 MB"]


def test_bytes_of_no_codec_end_a_csv_file_with_an_error(folder: Path) -> None:
    fill(folder, t_csv=b"text\nOne.\n\x81\xff\n")
    assert ids("t.csv") == ["t.csv: a line is neither UTF-8 nor cp1252. Save the table as UTF-8"]


def test_half_a_character_of_utf16_ends_a_table_with_an_error(folder: Path) -> None:
    fill(folder, t_csv="text\nOne.\n".encode("utf-16") + b"x")
    assert ids("t.csv")[-1] == "t.csv: the bytes are not valid UTF-16. Save it as UTF-8"


@pytest.mark.parametrize("content", [b"", b"text\n", b"\n\n"])
def test_a_table_without_rows_is_empty(folder: Path, content: bytes) -> None:
    fill(folder, t_csv=content)
    assert ids("t.csv") == ["t.csv: is empty: the table has no rows"]


def test_damaged_tables_are_errors(folder: Path) -> None:
    fill(
        folder,
        a_parquet=b"PAR1 no more",
        b_csv_gz=b"not gzip",
        c_jsonl_gz=gzip.compress(JSON_LINES)[:-9],
    )
    damaged, no_gzip, torn = ids("a.parquet", "b.csv.gz", "c.jsonl.gz")
    assert damaged.startswith("a.parquet: damaged or not a Parquet file")
    assert no_gzip.startswith("b.csv.gz: cannot be read: Not a gzipped file")
    assert torn.startswith("c.jsonl.gz: cannot be read: Compressed file ended before")


def test_parquet_without_its_library_names_the_extra(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(folder, t_parquet=b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert ids("t.parquet") == [
        "t.parquet: reading Parquet needs pyarrow. Install it with: pip install 'framing[tables]'"
    ]


def test_tables_are_read_as_they_are_asked_for() -> None:
    class Endless(BytesIO):
        """JSON lines that never end."""

        def readline(self, _size: int | None = -1, /) -> bytes:
            return b'{"text": "One."}\n'

    endless = read_inputs(["-"], stdin=Endless(), text_column="text")
    assert len(list(islice(endless, 250))) == 250


@given(
    table=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
        min_size=1,
    )
)
def test_any_text_comes_back_from_csv_and_json_lines(table: list[str]) -> None:
    stream = StringIO(newline="")
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([["text"], *([text] for text in table)])
    expected = [Row(number, {"text": text}) for number, text in enumerate(table, start=1)]
    lines = byte_lines(BytesIO(stream.getvalue().encode()), "t.csv")
    assert list(csv_rows(lines, "t.csv", None)) == expected
    content = "".join(json.dumps({"text": text}) + "\n" for text in table)
    assert list(json_rows(byte_lines(BytesIO(content.encode()), "t"), "t")) == expected
