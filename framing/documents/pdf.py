"""PDF files: their text layer, with the breaks of lines and pages mended."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from framing.errors import InputError
from framing.spans import Document

# pdfium writes U+0002 for a hyphen at a line end (and drops the line end), others U+FFFE or U+00AD.
_HYPHENS = "\x02\ufffe\u00ad"
_BROKEN_WORD = re.compile(rf"(\w+)(-\n|[{_HYPHENS}]\s*)(\w+)")
_COMPOUND = re.compile(r"\w+-\w+")
_BULLET = re.compile(r"[•‣◦▪●*\u2013\u2014-]|\(?\w{1,3}[.)]\s")
_FINAL = '.!?:")\u201d\u2019'
_PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD


def read_pdf(data: bytes, place: str) -> Document:
    """Read the text layer of a PDF as running text.

    Lines that were broken for the page's width are joined again, words divided at a line end too;
    running heads and page numbers (a first or last line that half of the pages share, apart from
    its numbers) are left out. Metadata: `author`, where the file names one.

    Raises:
        InputError: if the file is damaged, locked by a password, or has no text layer.
    """
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(data) as pdf:
            fields = pdf.get_metadata_dict()
            pages = [_page_text(pdf, index) for index in range(len(pdf))]
    except pypdfium2.PdfiumError as error:
        raise InputError(place, _reason(error)) from error
    text = running_text(pages)
    if not text.strip():
        raise InputError(place, "the PDF has no text layer (scanned pages?). Run OCR on it first")
    author = fields.get("Author", "").strip()
    title = fields.get("Title", "").strip() or None
    return Document(place, text, place, title, {"author": author} if author else {})


def running_text(pages: Sequence[str]) -> str:
    r"""Return the text of printed pages without the breaks that only the print needed.

    >>> running_text(["The dam was closed by the minis-\r\ntry on Monday."])
    'The dam was closed by the ministry on Monday.'
    """
    page_lines = [_lines(page) for page in pages]
    # Twice from each edge: a page number may stand beside a running head.
    for edge in (0, -1, 0, -1):
        page_lines = _without_running_line(page_lines, edge)
    lines = [line for page in page_lines for line in page]
    text = "".join(_unwrapped(lines)).rstrip("\n")
    compounds = set(_COMPOUND.findall(text))
    return _BROKEN_WORD.sub(lambda match: _mended(match, compounds), text)


def _page_text(pdf: object, index: int) -> str:
    page = pdf[index]  # type: ignore[index]
    text_page = page.get_textpage()
    text: str = text_page.get_text_bounded()
    text_page.close()
    page.close()
    return text


def _reason(error: Exception) -> str:
    if getattr(error, "err_code", None) == _PASSWORD_ERROR:
        return "the PDF is locked by a password. Save a copy without one"
    return f"damaged or not a PDF ({str(error).rstrip('.')})"


def _lines(page: str) -> list[str]:
    lines = page.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").split("\n")
    return [line.strip() for line in lines if line.strip()]


def _without_running_line(pages: list[list[str]], edge: int) -> list[list[str]]:
    shapes = [re.sub(r"\d+", "#", page[edge]) if len(page) > 1 else "" for page in pages]
    counts = Counter(shapes)
    often = max(2, len(pages) / 2)
    kept = slice(1, None) if edge == 0 else slice(None, -1)
    return [
        page[kept] if shape and counts[shape] >= often else page
        for page, shape in zip(pages, shapes, strict=True)
    ]


def _unwrapped(lines: Sequence[str]) -> Iterator[str]:
    lengths = sorted(map(_printed_length, lines))
    usual = lengths[len(lengths) * 3 // 4] if lengths else 0
    for line, following in pairwise([*lines, ""]):
        yield line
        yield " " if _goes_on(line, following, usual) else "\n"


def _printed_length(line: str) -> int:
    return len(re.split(f"[{_HYPHENS}]", line)[-1])


def _goes_on(line: str, following: str, usual: int) -> bool:
    """Tell whether a line ends only for the page's width (`usual`: length of a full line)."""
    if not following or line.endswith("-") or _BULLET.match(following):
        return False
    share = _printed_length(line) / max(usual, 1)
    return following[0].islower() or share >= 0.9 or (share >= 0.6 and line[-1] not in _FINAL)


def _mended(match: re.Match[str], compounds: set[str]) -> str:
    before, hyphen, after = match.groups()
    compound = f"{before}-{after}"
    if hyphen[0] != "\u00ad" and (compound in compounds or not after[0].islower()):
        return compound
    return before + after
