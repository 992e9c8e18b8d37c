"""A text in pieces of bounded size, and sentences in clauses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from framing.spans import Span

# Some 2 MB of arrays at each step: larger pieces fall out of the processor's cache.
PIECE_CHARACTERS = 100_000
# A longer "sentence" is a list or a table without full stops; it is judged in parts.
LONGEST_SENTENCE = 2_000

_CLAUSE = re.compile(
    r"[,;:()\[\]\"“”«»]+[\s\"“”,]*"
    r"|\s+[-–—]+\s+|[–—]\s*"
    r"|\s+(?=(?:that|which|who|whom|whose|while|but|because|although|though|whereas|if|after|before"
    r"|since|when|where|so|unless|until|citing|saying|claiming|accusing|according|and|as)\b)"
)


@dataclass(frozen=True)
class Piece:
    """A stretch of a text.

    Attributes:
        start: its first character in the whole text.
        text: its characters.
        sentences: bounds that tile it, counted from its start; none is longer than
            `LONGEST_SENTENCE`.
    """

    start: int
    text: str
    sentences: tuple[Span, ...]

    def local(self, span: Span) -> Span | None:
        """Return the part of a span of the whole text that lies here, counted from the start."""
        start = max(span.start - self.start, 0)
        end = min(span.end - self.start, len(self.text))
        return Span(start, end) if start < end else None


def pieces(text: str, sentences: Sequence[Span]) -> Iterator[Piece]:
    """Yield a text in pieces that end where a sentence ends (or a part of an overlong one)."""
    held: list[Span] = []
    for sentence in _parts(text, sentences):
        if held and sentence.end - held[0].start > PIECE_CHARACTERS:
            yield _piece(text, held)
            held = []
        held.append(sentence)
    if held:
        yield _piece(text, held)


def clause_bounds(text: str, sentence: Span) -> list[Span]:
    """Return the clauses of a sentence, which tile it.

    One ends after inner punctuation, a quotation mark or a dash, and before a conjunction.

    >>> text = "Officials, citing sources, said that rain fell."
    >>> [text[clause.start : clause.end] for clause in clause_bounds(text, Span(0, 47))]
    ['Officials, ', 'citing sources, ', 'said ', 'that rain fell.']
    """
    inner = (match.end() for match in _CLAUSE.finditer(text, sentence.start, sentence.end))
    cuts = [sentence.start, *inner, sentence.end]
    return [Span(start, end) for start, end in pairwise(cuts) if start < end]


@dataclass(frozen=True)
class ClauseText:
    """The clauses of some sentences of a piece.

    Attributes:
        rows: position of the sentence of each clause, ascending, shape (n_clauses,).
        clauses: their bounds in the piece.
        text: the sentences' words, each closed by a line end.
        text_sentences: bounds of the sentences in `text`.
        text_clauses: bounds of the clauses in `text`.
    """

    rows: npt.NDArray[np.int64]
    clauses: list[Span]
    text: str
    text_sentences: list[Span]
    text_clauses: list[Span]


def clause_text(piece: Piece, rows: Sequence[int]) -> ClauseText:
    """Split the sentences at the given positions into clauses."""
    words, sentences, clauses, text_clauses, row_of = [], [], [], [], []
    length = 0
    for row in rows:
        sentence = piece.sentences[row]
        found = clause_bounds(piece.text, sentence)
        shift = length - sentence.start
        length += len(sentence) + 1
        words.append(piece.text[sentence.start : sentence.end])
        sentences.append(Span(sentence.start + shift, length))
        ends = [clause.end + shift for clause in found[:-1]] + [length]
        text_clauses += [Span(c.start + shift, end) for c, end in zip(found, ends, strict=True)]
        clauses += found
        row_of += [row] * len(found)
    joined = "".join(f"{sentence}\n" for sentence in words)
    return ClauseText(np.array(row_of, dtype=np.int64), clauses, joined, sentences, text_clauses)


def _piece(text: str, sentences: Sequence[Span]) -> Piece:
    start = sentences[0].start
    local = tuple(Span(sentence.start - start, sentence.end - start) for sentence in sentences)
    return Piece(start, text[start : sentences[-1].end], local)


def _parts(text: str, sentences: Sequence[Span]) -> Iterator[Span]:
    """Yield the sentences, an overlong one in parts that end after white space, if there is any."""
    for sentence in sentences:
        start = sentence.start
        while sentence.end - start > LONGEST_SENTENCE:
            limit = start + LONGEST_SENTENCE
            end = max(text.rfind(" ", start, limit), text.rfind("\n", start, limit)) + 1 or limit
            yield Span(start, end)
            start = end
        yield Span(start, sentence.end)
