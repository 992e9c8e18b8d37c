"""N-grams of sentences, hashed and weighted by numpy alone; fitting and scoring both use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from unicodedata import category

import numpy as np
import numpy.typing as npt

from framing.spans import Span

N_BUCKETS = 2**18
SHORTEST, LONGEST = 3, 5  # characters of an n-gram inside a word, its two edges counted

_BUCKET_BITS = np.uint64(18)
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no power of it vanishes modulo 2^64
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_BIGRAM = np.uint64(0x94D049BB133111EB)
_EDGE = np.uint64(32)  # what stands for every character outside of a word
_APOSTROPHE = 0x27
_SAME = {0x2018: 0x27, 0x2019: 0x27, 0x201C: 0x22, 0x201D: 0x22, 0xAB: 0x22, 0xBB: 0x22}
_LETTER, _SPACE, _MARK = 0, 1, 2

U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]
F32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class NGrams:
    """Each occurrence of an n-gram in a text: arrays of shape (n_occurrences,).

    Attributes:
        rows: position of the sentence that holds it.
        buckets: its hash, in [0, N_BUCKETS).
        starts: its first character.
        ends: the character after it.
    """

    rows: I32
    buckets: I32
    starts: I32
    ends: I32


@dataclass(frozen=True)
class Features:
    """TF-IDF of sentences, sorted by sentence and bucket: arrays of shape (n_features,).

    Attributes:
        keys: sentence and bucket in one number, `row * N_BUCKETS + bucket`.
        counts: occurrences of the n-gram in the sentence.
        values: (1 + ln count) * idf, each sentence's divided by their Euclidean length.
        bounds: first feature of each sentence, and the end; shape (n_sentences + 1,).
    """

    keys: npt.NDArray[np.int64]
    counts: I32
    values: F32
    bounds: npt.NDArray[np.int64]

    @property
    def buckets(self) -> I32:
        """Bucket of each feature."""
        return (self.keys & (N_BUCKETS - 1)).astype(np.int32)


def count_ngrams(text: str, sentences: Sequence[Span]) -> NGrams:
    """Return the n-grams of sentences that tile a text.

    They are the runs of 3 to 5 characters inside a word (its edges count as a character each,
    so that "no" has three), the words, the marks of punctuation, and the pairs of neighbours
    among these inside a sentence. Case, the kind of quotation mark and the value of a digit are
    folded away.
    """
    codes, kinds = _folded(text)
    row_of = np.repeat(
        np.arange(len(sentences), dtype=np.int32), [len(sentence) for sentence in sentences]
    )
    parts = [*_character_ngrams(codes, kinds == _LETTER), *_word_ngrams(codes, kinds, row_of)]
    rows = [row_of[anchors] for _, _, _, anchors in parts]
    hashes, starts, ends = (np.concatenate([part[i] for part in parts]) for i in range(3))
    return NGrams(np.concatenate(rows), _bucket(hashes), starts, ends)


def weigh(ngrams: NGrams, n_sentences: int, idf: F32) -> Features:
    """Return the TF-IDF of sentences; an n-gram whose idf is 0 has no feature.

    Source: sublinear term frequency and cosine length as in Manning, Raghavan and Schütze (2008),
    sections 6.2 and 6.4.
    """
    keys = ngrams.rows.astype(np.int64) * N_BUCKETS + ngrams.buckets
    keys = keys[idf[ngrams.buckets] > 0]
    keys.sort()
    firsts = np.flatnonzero(np.diff(keys, prepend=-1))
    counts = np.diff(firsts, append=len(keys)).astype(np.int32)
    keys = keys[firsts]
    values = (1 + np.log(counts, dtype=np.float32)) * idf[keys & (N_BUCKETS - 1)]
    bounds = np.searchsorted(keys, np.arange(n_sentences + 1) * N_BUCKETS)
    lengths = np.sqrt(sums(values * values, bounds))
    values /= np.repeat(lengths, np.diff(bounds))
    return Features(keys, counts, values, bounds)


def sums(values: F32, bounds: npt.NDArray[np.int64]) -> F32:
    """Return the sum of each stretch of values (along the first axis), 0 for an empty stretch."""
    filled = bounds[:-1] < bounds[1:]
    totals = np.zeros((len(bounds) - 1, *values.shape[1:]), dtype=np.float32)
    if filled.any():
        totals[filled] = np.add.reduceat(values, bounds[:-1][filled], axis=0)
    return totals


def fit_idf(features_of: Sequence[NGrams]) -> F32:
    raise NotImplementedError


def _folded(text: str) -> tuple[U64, npt.NDArray[np.uint8]]:
    lower = text.lower()
    if len(lower) != len(text):  # "İ" alone becomes two characters
        lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    codes = np.frombuffer(lower.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    fold, kind = _tables()
    plane = np.minimum(codes, len(fold) - 1)
    codes = np.where(codes < len(fold), fold[plane], codes).astype(np.uint64)
    kinds = kind[plane]
    inner = (codes[1:-1] == _APOSTROPHE) & (kinds[:-2] == _LETTER) & (kinds[2:] == _LETTER)
    kinds[1:-1][inner] = _LETTER
    return codes, kinds


@cache
def _tables() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint8]]:
    """Return what each code point folds to and whether it is a letter, white space or a mark.

    The last row stands for all code points beyond the basic plane.
    """
    fold = np.arange(0x10000, dtype=np.uint32)
    fold[list(_SAME)] = list(_SAME.values())
    fold[ord("1") : ord("9") + 1] = ord("0")
    kind = np.fromiter((_kind(chr(code)) for code in range(0x10000)), dtype=np.uint8)
    return fold, kind


def _kind(character: str) -> int:
    if character.isspace():
        return _SPACE
    return _LETTER if category(character)[0] in "LNM" else _MARK


def _character_ngrams(codes, is_letter):
    padded = np.full(len(codes) + 2, _EDGE)
    padded[1:-1][is_letter] = codes[is_letter]
    hashes = padded[:-1] * _BASE + padded[1:]
    inner = np.ones(len(padded), dtype=bool)
    for n in range(3, LONGEST + 1):
        # hashes[i] covers padded[i : i + n]; its inner characters are letters.
        hashes = hashes[:-1] * _BASE + padded[n - 1 :]
        inner = inner[: len(hashes)] & is_letter[n - 3 : n - 3 + len(hashes)]
        at = np.flatnonzero(inner)
        starts = np.maximum(at - 1, 0)
        ends = np.minimum(at - 1 + n, len(codes))
        yield hashes[at] + np.uint64(n), starts.astype(np.int32), ends.astype(np.int32), at


def _word_ngrams(codes, kinds, row_of):
    starts = np.flatnonzero((kinds == _MARK) | ((kinds == _LETTER) & (np.concatenate(([9], kinds[:-1])) != _LETTER)))
    if not len(starts):
        return
    ends_flag = (kinds == _MARK) | ((kinds == _LETTER) & (np.concatenate((kinds[1:], [9])) != _LETTER))
    ends = np.flatnonzero(ends_flag) + 1
    lengths = np.diff(starts, append=len(codes))
    place = np.minimum(np.arange(starts[0], len(codes)) - np.repeat(starts, lengths), 63)
    powers = np.full(64, _BASE); powers[0] = 1; powers = np.cumprod(powers)
    terms = np.where(kinds[starts[0]:] == _SPACE, np.uint64(0), codes[starts[0]:] * powers[place])
    hashes = np.add.reduceat(terms, starts - starts[0])
    hashes = (hashes ^ (hashes >> np.uint64(29))) * _MIX
    starts, ends = starts.astype(np.int32), ends.astype(np.int32)
    yield hashes, starts, ends, starts
    same = row_of[starts[:-1]] == row_of[starts[1:]]
    pair = hashes[:-1] * _BIGRAM + hashes[1:]
    yield pair[same], starts[:-1][same], ends[1:][same], starts[:-1][same]


def _bucket(hashes):
    h = (hashes ^ (hashes >> np.uint64(32))) * _MIX
    return (h >> (np.uint64(64) - _BUCKET_BITS)).astype(np.int32)
