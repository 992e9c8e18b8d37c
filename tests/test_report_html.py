from __future__ import annotations

import io
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phrase_matcher import PHRASES, PhraseMatcher, manifest, scored

from framing.errors import InputError
from framing.report.html import HtmlWriter
from framing.scoring import Result, score_inputs
from framing.spans import Document

VOID = {"meta", "br"}


class Page(HTMLParser):
    """Checks that tags are balanced, and collects what tests ask for."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[tuple[int, str]] = []
        self.article = ""
        self.marked: list[tuple[int, str]] = []
        self._open: list[tuple[str, str]] = []
        self.feed(source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append((tag, dict(attrs).get("class") or ""))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        names = [tag for tag, _ in self._open]
        classes = [css for _, css in self._open]
        if names and re.fullmatch("h[1-6]", names[-1]):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)
        if "text" in classes and "sup" not in names and "spoken" not in classes:
            self.article += data
            if "mark" in names:
                self.marked.append((names.count("mark"), data))

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page(*results: Result) -> str:
    stream = io.StringIO()
    writer = HtmlWriter(stream, manifest(), io.StringIO())
    for result in results:
        writer.write(result)
    writer.close()
    return stream.getvalue()


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> & \x1b[31m"


def test_the_page_asks_for_nothing_outside_and_runs_nothing() -> None:
    source = page(
        scored(HOSTILE, title=HOSTILE, source=HOSTILE, metadata={"outlet": HOSTILE}),
        InputError(HOSTILE, HOSTILE),
    )
    shown = Page(source)
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    assert {
        "http-equiv": "Content-Security-Policy",
        "content": policy,
    } in shown.attributes("meta")
    assert not {"script", "img", "link", "iframe", "object", "form"} & {t for t, _ in shown.tags}
    assert not re.search(r"url\(|@import", source)
    for _, attributes in shown.tags:
        assert not any(name.startswith("on") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
        assert "src" not in attributes
    assert "\x1b" not in source


def test_nested_spans_are_marks_inside_marks() -> None:
    shown = Page(page(scored("He said there was no leak.")))
    assert shown.marked == [(1, "there was "), (2, "no leak")]
    titles = [
        attributes["title"] for attributes in shown.attributes("mark") if "title" in attributes
    ]
    assert titles == [
        "Denial, quoted, score 0.93",
        "Denial, quoted, score 0.93",
        "Blame shifting, own voice, score 0.81",
    ]


def test_spans_that_cross_are_cut_where_one_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    phrases = {"a b": ("denial", "own", 0.9), "b c": ("blame_shifting", "reported", 0.8)}
    monkeypatch.setattr("phrase_matcher.PHRASES", phrases)
    source = page(scored("a b c"))
    assert Page(source).marked == [(1, "a "), (2, "b"), (1, " c")]
    # Denial is the first device, blame shifting the second; the voices are first and third.
    assert [m["class"] for m in Page(source).attributes("mark")[2:]] == [
        "d0 v0", "d0 v0", "d1 v2", "d1 v2",
    ]  # fmt: skip


def test_a_span_is_told_to_readers_who_do_not_see_it() -> None:
    source = page(scored("It never happened."))
    assert '<span class="spoken" lang="en">[Denial, own voice, score 0.70: </span>' in source
    assert "end of Denial]" in source


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from([*PHRASES, "<b>", "&amp;", "{{ 7 * 7 }}", "\n\n", " "])).map("".join)
)
def test_every_character_of_a_text_is_on_the_page_once_and_tags_are_balanced(text: str) -> None:
    assert Page(page(scored(text))).article == text


def test_headings_are_in_order_and_summary_rows_lead_to_articles() -> None:
    documents = [
        Document("a", "It never happened.", title="First"),
        InputError("gone.txt", "no such file"),
        Document("b", "Rain fell in the valley."),
    ]
    shown = Page(page(*score_inputs(PhraseMatcher(), documents)))
    assert shown.headings == [
        (1, "Framing devices in 2 articles"),
        (2, "Legend"),
        (2, "Summary"),
        (2, "Not scored"),
        (2, "Articles"),
        (3, "First"),
        (3, "b"),
    ]
    anchors = [f"#{attributes['id']}" for attributes in shown.attributes("article")]
    assert anchors == [attributes["href"] for attributes in shown.attributes("a")]


def test_failures_are_listed_with_their_reasons() -> None:
    assert "<li>gone.txt: no such file</li>" in page(InputError("gone.txt", "no such file"))


def test_the_summary_counts_articles_and_spans() -> None:
    source = page(
        scored("never happened, never happened"), scored("It never happened."), scored("-")
    )
    foot = source[source.index("<tfoot>") : source.index("</tfoot>")]
    # Denial: 2 articles with 3 spans; blame shifting: none.
    assert re.findall(r'class="number">(\d+)<', foot) == ["2", "3", "0", "0"]


def test_warnings_stand_with_their_article_in_words() -> None:
    (result,) = score_inputs_of("Subscribe to read the full story.")
    source = page(result)
    assert "This text is very short" in source
    assert "has a warning" in source


def test_uncertain_spans_are_listed_and_not_marked() -> None:
    source = page(scored("They may be rumours."))
    assert "1 uncertain span, not counted" in source
    assert "<td>may be rumours</td>" in source
    assert Page(source).marked == []


def test_the_page_says_what_a_score_is_not() -> None:
    words = " ".join(page(scored("Rain.")).split())
    assert "It is no evidence of anybody's intent" in words
    assert "does not say whether the words are true" in words


def test_languages_are_told() -> None:
    shown = Page(page(scored("Rain.", metadata={"language": "en-GB"})))
    assert shown.attributes("html") == [{"lang": "en"}]
    assert {"class": "text", "dir": "auto", "lang": "en-GB"} in shown.attributes("div")
    odd = Page(page(scored("Rain.", metadata={"language": "English (maybe)"})))
    assert {"class": "text", "dir": "auto"} in odd.attributes("div")


def test_dark_scheme_and_print_are_provided_for() -> None:
    source = page(scored("Rain."))
    assert "@media (prefers-color-scheme: dark)" in source
    assert "@media print" in source


def test_the_same_input_gives_the_same_page() -> None:
    assert page(scored("It never happened.")) == page(scored("It never happened."))


def score_inputs_of(text: str) -> list[Result]:
    return list(score_inputs(PhraseMatcher(), [Document("a", text)]))
