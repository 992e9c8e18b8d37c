from __future__ import annotations

import io

import pytest
from phrase_matcher import manifest, scored

from framing.errors import InputError
from framing.report.table import TableWriter
from framing.scoring import Result


def plain(*results: Result) -> str:
    stream = io.StringIO()
    writer = TableWriter(stream, manifest(), in_file=True)
    for result in results:
        writer.write(result)
    writer.close()
    return stream.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    stream = Terminal()
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("COLUMNS", "60")
    return stream


def coloured(terminal: Terminal, result: Result) -> str:
    TableWriter(terminal, manifest(), in_file=False).write(result)
    return terminal.getvalue()


def test_nested_spans_stand_in_nested_brackets() -> None:
    assert "said [D:quoted 0.93 there was [B:own 0.81 no leak]]." in plain(
        scored("He said there was no leak.")
    )


def test_where_spans_cross_the_closing_bracket_names_its_span(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    phrases = {"a b": ("denial", "own", 0.9), "b c": ("blame_shifting", "own", 0.8)}
    monkeypatch.setattr("phrase_matcher.PHRASES", phrases)
    assert "[D:own 0.90 a [B:own 0.80 bD] c]" in plain(scored("a b c"))


def test_each_device_has_a_bar() -> None:
    lines = plain(scored("It never happened.")).splitlines()
    # 0.7 * 20 = 14 blocks; 14 of 18 characters
    assert "Denial         " + "█" * 14 + "░" * 6 + " 0.70  1 span, 78% of the text" in lines
    assert "Blame shifting " + "█" + "░" * 19 + " 0.05" in lines


def test_a_stream_that_knows_ascii_only_gets_ascii_bars() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    TableWriter(stream, manifest(), in_file=True).write(scored("It never happened."))
    stream.flush()
    assert b"#" * 14 + b"." * 6 in raw.getvalue()


def test_articles_cannot_command_the_terminal_or_the_markup() -> None:
    text = "\x1b[2J\x07[bold]Rain[/bold] :smile: [link=x]y[/link]\x9b31m"
    shown = plain(scored(text, title="\x1b]0;owned\x07"))
    assert "\x1b" not in shown
    assert "\x9b" not in shown
    assert "[bold]Rain[/bold] :smile: [link=x]y[/link]" in shown


def test_of_a_long_text_only_paragraphs_with_spans_are_shown() -> None:
    dull = "Rain fell in the valley of Ombra for a week.\n\n"
    shown = plain(scored(dull * 60 + "It never happened.\n\n" + dull * 2 + "The end."))
    # 45 * 60 characters are over the 2,000 that are shown whole.
    assert "Rain" not in shown
    assert "… 60 paragraphs without spans\nIt [D:own 0.70 never happened].\n" in shown
    assert shown.rstrip().endswith("… 3 paragraphs without spans")


def test_a_short_text_is_shown_whole_with_its_blank_lines() -> None:
    assert "Rain.\n\nThe end." in plain(scored("Rain.\n\nThe end."))


def test_warnings_and_uncertain_spans_are_told() -> None:
    shown = plain(scored("They may be rumours."))
    assert "(1 uncertain, not shown)" in shown


def test_failures_are_left_to_standard_error() -> None:
    assert "no text" not in plain(InputError("x", "no text"))


def test_where_no_terminal_reads_a_paragraph_is_one_line() -> None:
    text = "The rain went on and on in the valley of Ombra. " * 5
    assert text.strip() in plain(scored(text))


def test_a_terminal_shows_spans_in_the_colour_of_their_device(terminal: Terminal) -> None:
    shown = coloured(terminal, scored("It never happened."))
    # Denial is #D55E00, 213;94;0, in black letters; its own voice is underlined (4).
    assert "\x1b[4;30;48;2;213;94;0mnever happened\x1b[0m" in shown
    assert "\x1b[1;38;2;213;94;0m D 0.70 " in shown


def test_quoted_spans_are_not_underlined_and_carry_a_letter(terminal: Terminal) -> None:
    shown = coloured(terminal, scored("There foreign hands broke the dam."))
    assert "\x1b[30;48;2;230;159;0mforeign hands broke the dam\x1b[0m" in shown
    assert " B:r 0.66 " in shown


def test_no_color_brings_brackets_instead(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    shown = coloured(terminal, scored("It never happened."))
    assert "[D:own 0.70 never happened]" in shown
    assert "48;2" not in shown


def test_the_width_of_a_terminal_is_heeded(terminal: Terminal) -> None:
    shown = coloured(terminal, scored("The rain went on and on in the valley of Ombra. " * 5))
    text = [line for line in shown.splitlines() if "rain" in line or "valley" in line]
    assert len(text) >= 4
    assert max(map(len, text)) <= 60


def test_a_file_gets_no_colours_even_if_they_are_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in plain(scored("It never happened."))
