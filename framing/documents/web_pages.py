"""HTML pages: the article without menus and scripts."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from framing.documents.encodings import decode
from framing.errors import InputError
from framing.spans import Document

_CHARSET = re.compile(
    rb"""<(?:meta|\?xml)[^>]*?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.I
)
_HEAD_BYTES = 4096
# The time of the extraction grows with the square of an element's children: 20,000 take 80 seconds.
_MOST_CHILDREN = 4000
_UNSEEN = ("script", "style", "noscript", "template", "head", "svg", "iframe", "object", "textarea")
_INLINE = frozenset(
    re.findall(
        r"\w+",
        """a abbr b bdi bdo big cite code data del dfn em font i ins kbd mark q s samp small span
        strong sub sup time tt u var wbr""",
    )
)
# Dates that the page marks as such; the search of its text takes a copyright year for one.
_DATES = {"extensive_search": False, "original_date": True}
_CHATTY_LOGGERS = ("trafilatura", "htmldate", "courlan", "justext")


def read_html(data: bytes, place: str) -> Document:
    """Read the article of an HTML page: its main text, and what the page says about it.

    Metadata: `encoding` and, where the page gives them, `author`, `date` (ISO), `outlet` and
    `language`. A page in which no article is found gives all its visible text. Nothing is fetched.

    Raises:
        InputError: if the page is binary, holds no text, or is nested beyond what can be parsed.
    """
    markup, codec = decode(data, place, declared=_declared_charset(data))
    tree = _parse(markup, place)
    metadata = {"encoding": codec, "language": _language(tree)}
    title = (tree.findtext(".//title") or "").strip()
    article = _extract_article(tree)
    if article is None:
        text = _visible_text(_parse(markup, place))
    else:
        text, title = article.text, article.title or title
        metadata |= {"author": article.author, "date": article.date, "outlet": article.sitename}
    if not text.strip():
        raise InputError(place, "the page holds no text (is it built by scripts?). Save it as text")
    return Document(place, text, place, title or None, {k: v for k, v in metadata.items() if v})


def _declared_charset(data: bytes) -> str | None:
    match = _CHARSET.search(data, 0, _HEAD_BYTES)
    return match[1].decode("ascii", "replace") if match else None


def _parse(markup: str, place: str) -> Any:
    from lxml import etree, html

    # huge_tree: a depth of 2,048 in place of 256, and no limit on the length of a text.
    parser = html.HTMLParser(
        encoding="utf-8", huge_tree=True, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        tree = html.document_fromstring(markup.encode(), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise InputError(place, f"the page cannot be parsed ({error})") from error
    # The parser stops at its deepest level and drops what follows: no text may be lost unsaid.
    if any("Excessive depth" in entry.message for entry in parser.error_log):
        raise InputError(place, "elements are nested more than 2,048 deep. Save the page as text")
    return tree


def _language(tree: Any) -> str | None:
    language: str | None = tree.get("lang") or tree.get("xml:lang")
    return language


def _extract_article(tree: Any) -> Any:
    if any(len(element) > _MOST_CHILDREN for element in tree.iter()):
        return None
    with _silence():
        from trafilatura import bare_extraction

        try:
            article = bare_extraction(
                tree,
                with_metadata=True,
                include_comments=False,
                date_extraction_params=_DATES,
            )
        except Exception:  # hostile markup meets many corners; all visible text is the answer then
            return None
    return article if article and article.text and article.text.strip() else None


@contextmanager
def _silence() -> Iterator[None]:
    for name in _CHATTY_LOGGERS:
        if (logger := logging.getLogger(name)).level == logging.NOTSET:
            logger.setLevel(logging.CRITICAL + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _visible_text(tree: Any) -> str:
    from lxml import etree

    etree.strip_elements(tree, *_UNSEEN, with_tail=False)
    pieces: list[str] = []
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        if element.tag not in _INLINE:
            pieces.append("\n")
        pieces.append((element.text if event == "start" else element.tail) or "")
    lines = (" ".join(line.split()) for line in _block_lines(pieces))
    return "\n".join(line for line in lines if line)


def _block_lines(pieces: list[str]) -> list[str]:
    # Line ends of the markup are white space; only those set between blocks count.
    return "".join(p if p == "\n" else p.replace("\n", " ") for p in pieces).split("\n")
