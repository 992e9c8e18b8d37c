"""PDF files: running text from printed pages."""

from collections.abc import Sequence

import pytest

from framing.documents.pdf import read_pdf, running_text
from framing.errors import InputError


def pdf_bytes(
    pages: Sequence[Sequence[str]], trailer: str = "", extra: Sequence[str] = ()
) -> bytes:
    """Build a PDF with the lines of each page, set one under another in Helvetica."""
    n_pages = len(pages)
    font, first_extra = 3 + 2 * n_pages, 4 + 2 * n_pages
    kids = " ".join(f"{3 + 2 * index} 0 R" for index in range(n_pages))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>"]
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {n_pages} >>")
    for index, lines in enumerate(pages):
        shown = " ".join(f"({line}) Tj T*" for line in lines)
        stream = f"BT /F1 10 Tf 50 750 Td 14 TL {shown} ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {4 + 2 * index} 0 R"
            f" /Resources << /Font << /F1 {font} 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    assert first_extra == len(objects) + 1
    return assembled([*objects, *extra], trailer)


def assembled(objects: Sequence[str], trailer: str) -> bytes:
    content, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(content))
        content += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    return (
        f"{content}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\n"
        f"startxref\n{len(content)}\n%%EOF"
    ).encode("latin-1")


def test_a_sentence_goes_on_over_lines_and_pages() -> None:
    data = pdf_bytes(
        [
            [
                "Dam closed",
                "The ministry of Ostrel said on Monday that the old",
                "dam at Kellin had",
            ],
            ["been closed in time."],
        ]
    )
    document = read_pdf(data, "dam.pdf")
    assert document.text == (
        "Dam closed\n"
        "The ministry of Ostrel said on Monday that the old dam at Kellin had been closed in time."
    )
    assert (document.doc_id, document.source, document.title) == ("dam.pdf", "dam.pdf", None)


def test_words_divided_at_a_line_end_are_joined() -> None:
    text = read_pdf(pdf_bytes([["The minis-", "try of Ostrel denied it."]]), "a.pdf").text
    assert text == "The ministry of Ostrel denied it."


def test_title_and_author_come_from_the_file() -> None:
    fields = "<< /Title (Dam report) /Author (Ilda Vorn) >>"
    # One page: objects 1 to 5, so that the information is object 6.
    document = read_pdf(pdf_bytes([["Words."]], "/Info 6 0 R", [fields]), "a.pdf")
    assert document.title == "Dam report"
    assert document.metadata == {"author": "Ilda Vorn"}


@pytest.mark.parametrize(
    "data", [b"%PDF-1.4 and no more", b"<html>a page", pdf_bytes([["a"]])[:300]]
)
def test_a_broken_pdf_is_an_error(data: bytes) -> None:
    with pytest.raises(InputError, match=r"a\.pdf: damaged or not a PDF"):
        read_pdf(data, "a.pdf")


def test_a_pdf_without_a_text_layer_is_an_error() -> None:
    with pytest.raises(InputError, match=r"no text layer \(scanned pages\?\)\. Run OCR"):
        read_pdf(pdf_bytes([[], []]), "scan.pdf")


def test_a_locked_pdf_is_an_error() -> None:
    # Keys of zeros fit no password, not even the empty one.
    zeros = "00" * 32
    lock = f"<< /Filter /Standard /V 1 /R 2 /P -4 /O <{zeros}> /U <{zeros}> >>"
    identity = "00" * 16
    data = pdf_bytes([["a"]], f"/Encrypt 6 0 R /ID [<{identity}> <{identity}>]", [lock])
    with pytest.raises(InputError, match="locked by a password"):
        read_pdf(data, "locked.pdf")


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("the minis-\r\ntry left", "the ministry left"),
        ("the minis\x02try left", "the ministry left"),
        ("the minis\ufffetry left", "the ministry left"),
        ("the minis\u00ad\ntry left", "the ministry left"),
        # A compound that the text has elsewhere, and one before a capital or a number, stay so.
        ("a well-known man, a well-\nknown dam", "a well-known man, a well-known dam"),
        ("the North-\nEast and Arda-\n19", "the North-East and Arda-19"),
        # A dash is no hyphen.
        ("it was a dam -\nof sorts", "it was a dam -\nof sorts"),
    ],
)
def test_hyphens_at_line_ends_are_mended(broken: str, mended: str) -> None:
    assert running_text([broken]) == mended


def test_short_lines_and_bullets_stay_lines() -> None:
    full = "The ministry of Ostrel said that the dam had been closed"
    page = f"Dam closed\n{full}\nin time.\nWhat we know\n• {full}\n• {full}"
    assert running_text([page]) == (
        f"Dam closed\n{full} in time.\nWhat we know\n• {full}\n• {full}"
    )


def test_running_heads_and_page_numbers_are_left_out() -> None:
    # Three pages share their first line and, but for its number, their last.
    pages = [f"The Ostrel Post\n{word} words here\nPage {n} of 3" for n, word in enumerate("abc")]
    assert running_text(pages) == "a words here b words here c words here"


def test_pages_of_one_equal_line_are_not_running_heads() -> None:
    assert running_text(["No comment.", "No comment."]) == "No comment. No comment."


def test_no_pages_have_no_text() -> None:
    assert running_text([]) == ""
