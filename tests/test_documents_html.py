"""HTML pages: the article is found, hostile markup does no harm."""

import subprocess
import sys
from pathlib import Path

import pytest

from framing.documents import web_pages
from framing.documents.web_pages import read_html
from framing.errors import InputError

PARAGRAPHS = [
    f"Item {number}: the ministry of Ostrel said the dam at Kellin was closed & nobody was hurt."
    for number in range(6)
]
BODY = "".join(f"<p>{text.replace('&', '&amp;')}</p>\n" for text in PARAGRAPHS)
PAGE = f"""<!DOCTYPE html><html lang="en"><head><title>Dam closed | The Ostrel Post</title>
<meta property="og:site_name" content="The Ostrel Post"><meta name="author" content="Ilda Vorn">
<meta property="article:published_time" content="2024-03-02T10:00:00Z">
<script>var stolen = "secret words of the script";</script></head><body>
<nav><a href="/">Home</a><a href="/weather">Weather</a></nav>
<article><h1>Dam closed after flood</h1>{BODY}<script>alert("secret")</script></article>
<footer>Contact and imprint</footer></body></html>"""


def page(body: str) -> bytes:
    return f"<html><head><title>A page</title></head><body>{body}</body></html>".encode()


def test_the_article_is_read_with_its_headline_first() -> None:
    document = read_html(PAGE.encode(), "dam.html")
    assert document.text == "\n".join(["Dam closed after flood", *PARAGRAPHS])
    assert document.title == "Dam closed after flood"
    assert document.metadata == {
        "author": "Ilda Vorn",
        "date": "2024-03-02",
        "encoding": "utf-8",
        "language": "en",
        "outlet": "The Ostrel Post",
    }


def test_a_copyright_year_is_no_date() -> None:
    markup = page(f"<article>{BODY}</article><footer>© 2021 The Ostrel Post</footer>")
    assert "date" not in read_html(markup, "a.html").metadata


def test_line_ends_of_the_markup_are_white_space() -> None:
    wrapped = PAGE.replace("the ministry", "the\n  <b>ministry</b>\n")
    assert read_html(wrapped.encode(), "a.html").text == read_html(PAGE.encode(), "b.html").text


def test_reading_twice_gives_the_same_text() -> None:
    assert read_html(PAGE.encode(), "a").text == read_html(PAGE.encode(), "b").text


@pytest.mark.parametrize(
    ("declaration", "codec", "word"),
    [
        ('<meta charset="iso-8859-2">', "iso8859-2", "Győr"),
        (
            '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">',
            "cp1251",
            "Да",
        ),
        ('<meta charset="latin1">', "cp1252", "Café “Arda”"),
        ('<meta charset="unicode_escape">', "cp1252", "Café"),
        ("", "cp1252", "Café"),
    ],
)
def test_the_declared_charset_is_honoured(declaration: str, codec: str, word: str) -> None:
    markup = f"<html><head>{declaration}</head><body><p>{word} said</p></body></html>"
    document = read_html(markup.encode(codec), "a.html")
    assert document.text == f"{word} said"
    assert document.metadata["encoding"] == codec


def test_a_page_that_declares_utf8_stays_utf8_with_one_broken_character() -> None:
    markup = '<meta charset="utf-8"><p>Café Müller, Łódź'.encode() + b"\xff</p>"
    assert read_html(markup, "a.html").text == "Café Müller, Łódź\ufffd"


def test_utf8_wins_over_a_wrong_declaration() -> None:
    document = read_html('<meta charset="windows-1251"><p>Café Müller</p>'.encode(), "a.html")
    assert document.text == "Café Müller"


def test_xhtml_with_a_declaration_is_read() -> None:
    markup = f'<?xml version="1.0" encoding="iso-8859-1"?>{PAGE}'.replace("hurt", "blessé")
    document = read_html(markup.encode("latin-1"), "dam.xhtml")
    assert "blessé" in document.text
    assert "xml version" not in document.text


def test_a_page_without_an_article_gives_its_visible_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_pages, "_extract_article", lambda _tree: None)
    body = "<div>One <b>bold</b>\nword</div><style>p {}</style><p>Two<br>lines</p><!-- unseen -->"
    document = read_html(page(body), "a.html")
    assert document.text == "One bold word\nTwo\nlines"
    assert document.title == "A page"
    assert set(document.metadata) == {"encoding"}


@pytest.mark.parametrize(
    "body", ["", "<script>run()</script>", "<img src='http://a.example/x.png'>"]
)
def test_a_page_without_words_is_an_error(body: str) -> None:
    with pytest.raises(InputError, match=r"a\.html: the page holds no text"):
        read_html(page(body), "a.html")


def test_scripts_never_reach_the_text() -> None:
    text = read_html(PAGE.encode(), "dam.html").text
    assert "secret" not in text
    assert "alert" not in text


def test_entities_of_a_hostile_doctype_are_not_resolved(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the words of another file")
    markup = (
        f'<!DOCTYPE html [<!ENTITY a "boom"><!ENTITY b SYSTEM "{secret.as_uri()}">]>'
        f"<html><body><article>{BODY}<p>&a;&b; the end of the story</p></article></body></html>"
    )
    text = read_html(markup.encode(), "a.html").text
    assert "another file" not in text
    assert "the end of the story" in text


def test_text_nested_hundreds_deep_is_kept() -> None:
    body = "<div>" * 1000 + "the deepest words" + "</div>" * 1000 + "<p>the last words</p>"
    text = read_html(page(body), "a.html").text
    assert text == "the deepest words\nthe last words"


def test_nesting_beyond_the_parser_is_an_error_and_no_silent_loss() -> None:
    with pytest.raises(InputError, match="nested more than 2,048 deep"):
        read_html(page("<div>" * 100_000 + "lost words"), "a.html")


def test_markup_that_breaks_the_extraction_gives_its_visible_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_tree: object, **_options: object) -> None:
        raise RecursionError

    read_html(PAGE.encode(), "dam.html")  # so that the library is imported
    monkeypatch.setattr(sys.modules["trafilatura"], "bare_extraction", fail)
    assert "Weather" in read_html(PAGE.encode(), "dam.html").text


def test_thousands_of_links_in_a_row_take_no_minutes() -> None:
    # Extraction would take over a minute here; the visible text takes a moment.
    text = read_html(page("<p>" + "<a href='x'>link</a> " * 20_000 + "</p>"), "a.html").text
    assert text.split() == ["link"] * 20_000


def test_nothing_is_written_to_the_terminal() -> None:
    code = (
        "import logging; from framing.documents.web_pages import read_html\n"
        "logging.basicConfig(level=logging.DEBUG)\n"
        "read_html(b'<p>word</p>', 'a.html')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
