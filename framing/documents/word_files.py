"""DOCX files: the text of their paragraphs and tables."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from framing.errors import InputError
from framing.spans import Document

MOST_UNPACKED_BYTES = 200 * 1024 * 1024
_OLE_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PARAGRAPH, _TEXT = f"{_WORD}p", f"{_WORD}t"
_MARKS = {f"{_WORD}tab": "\t", f"{_WORD}br": "\n", f"{_WORD}cr": "\n", f"{_WORD}noBreakHyphen": "-"}
# Deleted and moved text, properties of paragraphs (tab stops are no tabs), copies for old readers.
_SKIPPED = (
    *(f"{_WORD}{name}" for name in ("del", "moveFrom", "pPr")),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
)


def read_docx(data: bytes, place: str) -> Document:
    """Read the paragraphs of a Word file in their order, those of tables and text boxes included.

    A blank line stands between two paragraphs. Tracked insertions are text, tracked deletions are
    not; headers, footers and notes are left out. Metadata: `author`, where the file names one.

    Raises:
        InputError: if the file is broken, locked, too large once unpacked, holds macros or no text.
    """
    names = _checked_members(data, place)
    import docx

    try:
        package = docx.Document(BytesIO(data))
        text = "\n\n".join(filter(str.strip, _paragraphs(package.element.body)))
        properties = package.core_properties
        title, author = properties.title.strip(), properties.author.strip()
    except Exception as error:  # broken XML and parts fail in many ways inside the library
        raise InputError(place, f"damaged or not a DOCX file ({error})") from error
    if not text.strip():
        raise InputError(place, "is empty: the DOCX file holds no text")
    # Without core properties the library makes some up.
    if "docProps/core.xml" not in names:
        title = author = ""
    return Document(place, text, place, title or None, {"author": author} if author else {})


def _checked_members(data: bytes, place: str) -> set[str]:
    if data.startswith(_OLE_MAGIC):
        raise InputError(place, "an old .doc file or one locked by a password. Save it as .docx")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise InputError(place, f"damaged or not a DOCX file ({error})") from error
    names = {member.filename for member in members}
    if sum(member.file_size for member in members) > MOST_UNPACKED_BYTES:
        limit = MOST_UNPACKED_BYTES // 1024**2
        raise InputError(place, f"more than {limit} MB once unpacked. Save the text as .txt")
    if any(name.endswith("vbaProject.bin") for name in names):
        raise InputError(place, "holds macros. Save it as .docx without them")
    return names


def _paragraphs(body: Any) -> Iterator[str]:
    from lxml import etree

    tags = (_PARAGRAPH, _TEXT, *_MARKS, *_SKIPPED)
    walker = etree.iterwalk(body, events=("start", "end"), tag=tags)
    pieces: list[list[str]] = [[]]  # a paragraph in a text box lies inside another paragraph
    for event, element in walker:
        if element.tag == _PARAGRAPH:
            if event == "start":
                pieces.append([])
            else:
                yield "".join(pieces.pop())
        elif event == "start" and element.tag in _SKIPPED:
            walker.skip_subtree()
        elif event == "start":
            pieces[-1].append(_MARKS.get(element.tag) or element.text or "")
