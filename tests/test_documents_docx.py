"""DOCX files: paragraphs and tables in order; archives that do harm are refused."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml

from framing.documents import word_files
from framing.documents.word_files import read_docx
from framing.errors import InputError

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def docx_bytes(fill: Callable[[Any], None]) -> bytes:
    package = docx.Document()
    fill(package)
    stream = BytesIO()
    package.save(stream)
    return stream.getvalue()


def changed(data: bytes, *, drop: str = "", add: tuple[str, bytes] | None = None) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            if name != drop:
                new.writestr(name, old.read(name))
        if add:
            new.writestr(*add)
    return stream.getvalue()


def dam_story(package: Any) -> None:
    package.add_heading("Dam closed", level=1)
    package.add_paragraph("The ministry denied it.")
    table = package.add_table(rows=2, cols=2)
    for index, word in enumerate(["Place", "Dead", "Kellin", "None"]):
        table.cell(index // 2, index % 2).text = word
    package.add_paragraph("")
    package.add_paragraph("The end\tof it.\nReally.")


def test_paragraphs_and_tables_are_read_in_order() -> None:
    document = read_docx(docx_bytes(dam_story), "dam.docx")
    assert document.text.split("\n\n") == [
        "Dam closed",
        "The ministry denied it.",
        "Place",
        "Dead",
        "Kellin",
        "None",
        "The end\tof it.\nReally.",
    ]
    assert (document.doc_id, document.source) == ("dam.docx", "dam.docx")


def test_title_and_author_are_the_core_properties() -> None:
    def fill(package: Any) -> None:
        package.add_paragraph("Words.")
        package.core_properties.title = "Dam report"
        package.core_properties.author = "Ilda Vorn"

    data = docx_bytes(fill)
    document = read_docx(data, "a.docx")
    assert (document.title, document.metadata) == ("Dam report", {"author": "Ilda Vorn"})


def test_a_file_without_core_properties_has_no_title() -> None:
    rels = "_rels/.rels"
    data = docx_bytes(dam_story)
    with zipfile.ZipFile(BytesIO(data)) as archive:
        links = archive.read(rels).decode().replace("metadata/core-properties", "metadata/other")
    data = changed(changed(data, drop="docProps/core.xml"), drop=rels, add=(rels, links.encode()))
    links_left = links.split("<Relationship ")
    kept = "<Relationship ".join(part for part in links_left if "core.xml" not in part)
    if not kept.endswith("</Relationships>"):
        kept += "</Relationships>"
    document = read_docx(changed(data, drop=rels, add=(rels, kept.encode())), "a.docx")
    assert (document.title, document.metadata) == (None, {})


def test_insertions_are_text_and_deletions_are_not() -> None:
    def fill(package: Any) -> None:
        xml = (
            f'<w:p xmlns:w="{WORD}"><w:pPr><w:tabs><w:tab w:val="left" w:pos="9"/></w:tabs></w:pPr>'
            "<w:r><w:t>The </w:t></w:r>"
            '<w:ins w:id="1" w:author="a"><w:r><w:t>new</w:t></w:r></w:ins>'
            '<w:del w:id="2" w:author="a"><w:r><w:delText>old</w:delText></w:r></w:del>'
            '<w:moveFrom w:id="3" w:author="a"><w:r><w:t>moved</w:t></w:r></w:moveFrom>'
            "<w:r><w:t> dam</w:t></w:r></w:p>"
        )
        package.element.body.insert(0, parse_xml(xml))

    assert read_docx(docx_bytes(fill), "a.docx").text == "The new dam"


def test_an_empty_file_is_an_error() -> None:
    with pytest.raises(InputError, match=r"a\.docx: is empty"):
        read_docx(docx_bytes(lambda package: package.add_paragraph("  ")), "a.docx")


@pytest.mark.parametrize("data", [b"no archive at all", docx_bytes(dam_story)[:4000]])
def test_a_broken_archive_is_an_error(data: bytes) -> None:
    with pytest.raises(InputError, match=r"a\.docx: damaged or not a DOCX file"):
        read_docx(data, "a.docx")


@pytest.mark.parametrize("xml", [b"<broken", b""])
def test_broken_xml_inside_is_an_error(xml: bytes) -> None:
    part = "word/document.xml"
    data = changed(docx_bytes(dam_story), drop=part, add=(part, xml))
    with pytest.raises(InputError, match="damaged or not a DOCX file"):
        read_docx(data, "a.docx")


def test_another_archive_is_not_a_docx_file() -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
    with pytest.raises(InputError, match="damaged or not a DOCX file"):
        read_docx(stream.getvalue(), "a.docx")


def test_a_locked_file_or_an_old_doc_is_an_error() -> None:
    with pytest.raises(InputError, match=r"an old \.doc file or one locked by a password"):
        read_docx(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 500, "a.docx")


def test_macros_are_refused() -> None:
    data = changed(docx_bytes(dam_story), add=("word/vbaProject.bin", b"macro"))
    with pytest.raises(InputError, match=r"a\.docx: holds macros"):
        read_docx(data, "a.docx")


def test_an_archive_that_unpacks_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_files, "MOST_UNPACKED_BYTES", 1024**2)
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * (1024**2 + 1))
    with pytest.raises(InputError, match="more than 1 MB once unpacked"):
        read_docx(stream.getvalue(), "bomb.docx")
