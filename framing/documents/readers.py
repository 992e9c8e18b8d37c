"""One file into one document: which kind it is, and who reads it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from framing.documents.encodings import decode
from framing.documents.pdf import read_pdf
from framing.documents.tables import is_table
from framing.documents.web_pages import read_html
from framing.documents.word_files import read_docx
from framing.errors import InputError
from framing.spans import Document

Reader = Callable[[bytes, str], Document]

_MARKUP = re.compile(
    rb"""(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}\?>\s*|<!--.{0,2000}?-->\s*)*
    <(?:!doctype\s+html|html|head|body|main|article|section|div|p|h1)\b""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_ADVICE = {
    ".doc": "Save it as .docx",
    ".docm": "Save it as .docx, without macros",
    ".epub": "Save it as .html or .txt",
    ".json": "Save it as JSON lines (.jsonl), one object a line",
    ".odt": "Save it as .docx",
    ".rtf": "Save it as .docx",
    ".xls": "Save it as .csv",
    ".xlsx": "Save it as .csv",
}


def read_plain(data: bytes, place: str) -> Document:
    """Read a text file as it is: offsets count in the file's own decoded content.

    Only a byte order mark is left out. Metadata: `encoding`, the name of the codec.

    Raises:
        InputError: if the file is binary or in no known codec.
    """
    text, codec = decode(data, place)
    return Document(place, text, place, metadata={"encoding": codec})


_READERS: dict[str, Reader] = {
    ".docx": read_docx,
    ".htm": read_html,
    ".html": read_html,
    ".markdown": read_plain,
    ".md": read_plain,
    ".pdf": read_pdf,
    ".text": read_plain,
    ".txt": read_plain,
    ".xhtml": read_html,
}
DOCUMENT_SUFFIXES = frozenset(_READERS)


def read_document(path: Path | str) -> Document:
    """Read one file into a document.

    The suffix tells the kind: text (.txt, .text, .md, .markdown), HTML (.html, .htm, .xhtml), PDF
    and DOCX; with none of these, the first bytes do. `doc_id` and `source` are the path as given,
    with forward slashes.

    Raises:
        InputError: if the file is missing, unreadable, empty, of a kind that is not read, or a
            table (which holds many documents: see `read_inputs`).
    """
    path = Path(path)
    place = place_of(path)
    suffix = path.suffix.lower()
    if is_table(path):
        raise InputError(place, "a table of many documents; expected one. Use read_inputs for it")
    if suffix in _ADVICE:
        raise InputError(
            place, f"a {suffix} file; expected text, HTML, PDF or DOCX. {_ADVICE[suffix]}"
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(place, f"cannot be read: {error.strerror}") from error
    return read_bytes(data, place, _READERS.get(suffix))


def read_bytes(data: bytes, place: str, reader: Reader | None = None) -> Document:
    """Read a document from the bytes of a file; without a reader their beginning tells the kind.

    Raises:
        InputError: if there is nothing but white space, or the reader refuses the bytes.
    """
    if not data.strip():
        raise InputError(place, "is empty")
    document = (reader or _sniffed_reader(data))(data, place)
    if not document.text.strip():
        raise InputError(place, "is empty")
    return document


def place_of(path: Path) -> str:
    """Return a path as given, with forward slashes (and '?' for bytes that are no text)."""
    return path.as_posix().encode("utf-8", "replace").decode()


def _sniffed_reader(data: bytes) -> Reader:
    if data.startswith(b"%PDF-"):
        return read_pdf
    if data.startswith(b"PK\x03\x04") and b"word/document.xml" in data:
        return read_docx
    return read_html if _MARKUP.match(data) else read_plain
