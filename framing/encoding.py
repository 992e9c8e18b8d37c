"""Text and spans as a network sees them: tokens with offsets, windows, targets of tokens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from framing.spans import LabelledSpan, Span
from framing.taxonomy import Taxonomy

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# The library keeps some 200 bytes for a token of a text it is given whole; pieces bound that.
PIECE_CHARACTERS = 20_000
# Python's stand-ins for bytes that are no UTF-8; the library takes no text that holds one.
_SURROGATE = re.compile("[\ud800-\udfff]")

NO_VOICE = -100  # the index that cross-entropy losses leave out


@dataclass(frozen=True)
class Tokens:
    """The tokens of a text, without special tokens.

    Attributes:
        ids: vocabulary ids, int32, shape (n_tokens,).
        starts: first character of each token, int32, shape (n_tokens,).
        ends: character after each token, int32, shape (n_tokens,).
    """

    ids: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.ids)

    def slice_of(self, span: Span) -> slice:
        """Return the tokens that touch a span, as a slice; empty where none does."""
        first = int(np.searchsorted(self.ends, span.start, side="right"))
        last = int(np.searchsorted(self.starts, span.end, side="left"))
        return slice(first, max(first, last))


def tokenize(text: str, sentences: Sequence[Span], tokenizer: Tokenizer) -> Tokens:
    """Return the tokens of a text, encoded in pieces that end where a sentence ends.

    White space at the edges of a token (byte-level and metaspace vocabularies put it there) is
    not counted into its offsets.
    """
    pieces = list(_pieces(sentences))
    encodings = tokenizer.encode_batch(
        [_SURROGATE.sub("\ufffd", text[piece.start : piece.end]) for piece in pieces],
        add_special_tokens=False,
    )
    ids: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    for piece, encoding in zip(pieces, encodings, strict=True):
        for token_id, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
            token = text[piece.start + start : piece.start + end]
            bare = token.strip()
            lead = len(token) - len(token.lstrip()) if bare else 0
            ids.append(token_id)
            starts.append(piece.start + start + lead)
            ends.append(piece.start + start + lead + (len(bare) or len(token)))
    return Tokens(*(np.asarray(values, dtype=np.int32) for values in (ids, starts, ends)))


def _pieces(sentences: Sequence[Span]) -> Iterator[Span]:
    start = end = 0
    for sentence in sentences:
        if sentence.end - start > PIECE_CHARACTERS and end > start:
            yield Span(start, end)
            start = end
        end = sentence.end
        while end - start > PIECE_CHARACTERS:  # a sentence longer than a piece
            yield Span(start, start + PIECE_CHARACTERS)
            start += PIECE_CHARACTERS
    if end > start:
        yield Span(start, end)


def window_bounds(n_tokens: int, length: int, overlap: int) -> list[Span]:
    """Return windows that cover all tokens, neighbours sharing at least `overlap`.

    They are as few as windows of `length` tokens allow, and equally long: a text of 270 tokens
    takes two windows of 167, not two of 254.

    Raises:
        ValueError: unless 0 <= overlap < length.

    >>> [(window.start, window.end) for window in window_bounds(10, 7, 2)]
    [(0, 6), (4, 10)]
    """
    if not 0 <= overlap < length:
        raise ValueError(f"overlap {overlap}: expected 0 <= overlap < length ({length})")
    if n_tokens <= length:
        return [Span(0, n_tokens)] if n_tokens else []
    n_windows = -(-(n_tokens - overlap) // (length - overlap))
    even = -(-(n_tokens + (n_windows - 1) * overlap) // n_windows)
    room = n_tokens - even
    starts = [i * room // (n_windows - 1) for i in range(n_windows)]
    return [Span(start, start + even) for start in starts]


def owned_bounds(windows: Sequence[Span]) -> list[Span]:
    """Return for each window the tokens that it judges: neighbours halve their overlap."""
    cuts = [(left.end + right.start) // 2 for left, right in pairwise(windows)]
    starts = [windows[0].start, *cuts] if windows else []
    ends = [*cuts, windows[-1].end] if windows else []
    return [Span(start, end) for start, end in zip(starts, ends, strict=True)]


def device_targets(
    tokens: Tokens, spans: Iterable[LabelledSpan], taxonomy: Taxonomy
) -> npt.NDArray[np.float32]:
    """Return 1 where a token touches a span of the device, shape (n_tokens, n_devices)."""
    targets = np.zeros((len(tokens), len(taxonomy.devices)), dtype=np.float32)
    for span in spans:
        targets[tokens.slice_of(span), taxonomy.device_names.index(span.device)] = 1
    return targets


def voice_targets(
    tokens: Tokens, spans: Iterable[LabelledSpan], taxonomy: Taxonomy
) -> npt.NDArray[np.int64]:
    """Return the voice of each token inside a span, `NO_VOICE` elsewhere, shape (n_tokens,)."""
    targets = np.full(len(tokens), NO_VOICE, dtype=np.int64)
    for span in spans:
        targets[tokens.slice_of(span)] = taxonomy.voice_names.index(span.voice)
    return targets
