"""Bytes to text: which codec a file was written in."""

from __future__ import annotations

import codecs
import re

from framing.errors import InputError

# UTF-32 stands before UTF-16: its little-endian mark begins with the mark of UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Control characters that no text has; tab, line ends, form feed, backspace, ^Z and escape occur.
_CONTROL_BYTES = bytes({*range(32), 127} - {8, 9, 10, 11, 12, 13, 26, 27})
_C1_CONTROLS = re.compile("[\x80-\x9f]")
# What a page may declare. UTF-16 is not among it: a byte order mark or a NUL has told that already.
_CHARSET = re.compile(r"utf-8|cp\d|iso8859|koi8|mac|gb|big5|euc|shift|johab|tis|hz")
# Browsers read these declared names as the larger sets on the right (WHATWG Encoding Standard).
_LARGER_SETS = {"ascii": "cp1252", "iso8859-1": "cp1252", "gb2312": "gb18030", "shift_jis": "cp932"}


def decode(data: bytes, place: str, *, declared: str | None = None) -> tuple[str, str]:
    """Return the text of a file's bytes and the name of the codec that gave it.

    Order: byte order mark, strict UTF-8, the declared codec, cp1252, and only then a guess from the
    statistics of the bytes, which alone misreads one cp1252 news text in eight. A byte order mark
    is no part of the text; nothing else is changed.

    Args:
        data: the whole file.
        place: name of the file, for the error.
        declared: codec that the file itself names, if any.

    Raises:
        InputError: if the file is binary, or no codec fits.

    >>> decode("caf\u00e9".encode("cp1252"), "menu.txt")
    ('caf\u00e9', 'cp1252')
    """
    marked = _marked_codec(data)
    if marked is None:
        _refuse_binary(data, place)
        found = _unmarked(data, _charset_codec(declared))
    else:
        found = _fit(data, marked)
    if found is None:
        expected = marked or "UTF-8 or cp1252"
        raise InputError(place, f"the bytes are not valid {expected}. Save the file as UTF-8")
    return found


def try_codec(data: bytes, codec: str) -> str | None:
    """Return the text of bytes in a codec, None where they do not fit it or Python knows it not.

    Control characters of the range 80 to 9F count as misfits.
    """
    try:
        text = data.decode(codec)
    except (UnicodeError, LookupError):
        return None
    return None if codec == "cp1252" and _C1_CONTROLS.search(text) else text


def _marked_codec(data: bytes) -> str | None:
    return next((codec for mark, codec in _BYTE_ORDER_MARKS if data.startswith(mark)), None)


def _unmarked(data: bytes, named: str | None) -> tuple[str, str] | None:
    found = _fit(data, "utf-8")
    if found is None and named:
        found = _nearly_utf8(data) if named == "utf-8" else _fit(data, named)
    return found or _fit(data, "cp1252") or _guess(data)


def _fit(data: bytes, codec: str) -> tuple[str, str] | None:
    text = try_codec(data, codec)
    return None if text is None else (text, codec)


def _nearly_utf8(data: bytes) -> tuple[str, str] | None:
    """Read bytes that name themselves UTF-8, if most of their non-ASCII characters are sound."""
    text = data.decode("utf-8", "replace")
    n_lost = text.count("\ufffd")
    n_sound = sum(character > "\x7f" for character in text) - n_lost
    return (text, "utf-8") if n_lost < n_sound else None


def _charset_codec(declared: str | None) -> str | None:
    try:
        name = codecs.lookup(declared or "").name
    except LookupError:
        return None
    return _LARGER_SETS.get(name, name) if _CHARSET.match(name) else None


def _refuse_binary(data: bytes, place: str) -> None:
    n_controls = len(data) - len(data.translate(None, _CONTROL_BYTES))
    if 0 in data or n_controls > len(data) / 10:
        raise InputError(place, "binary file; expected text, HTML, PDF or DOCX")


def _guess(data: bytes) -> tuple[str, str] | None:
    from charset_normalizer import from_bytes

    match = from_bytes(data).best()
    return (str(match), match.encoding) if match else None
