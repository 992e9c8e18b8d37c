"""N-grams of sentences, hashed and weighted by numpy alone; fitting and scoring both use them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from unicodedata import category

import numpy as np
import numpy.typing as npt

from framing.spans import Span

BUCKET_BITS = 18
N_BUCKETS = 2**BUCKET_BITS
LONGEST = 5  # characters of an n-gram inside a word, the word's two edges counted
MIN_SENTENCES = 2  # in which a bucket must occur to be a column

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]
Kinds = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Parts = Iterator[tuple[U64, I64, I64, I64]]
"""Hashes, first characters, characters after the last, and a character inside of each n-gram."""

_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no power of it vanishes modulo 2^64
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_PAIR = np.uint64(0x94D049BB133111EB)
_NAME = np.uint64(1)  # the hash of every name
_EDGE = 0x20  # what stands for every character outside of a word
_APOSTROPHE, _COMMA = 0x27, 0x2C
_QUOTES = {0x2018: 0x27, 0x2019: 0x27, 0x201C: 0x22, 0x201D: 0x22, 0xAB: 0x22, 0xBB: 0x22}
_LETTER, _SPACE, _MARK, _OUTSIDE = range(4)
_LONGEST_TOKEN = 64  # characters whose order enters the hash of a word
_MAX_CAPITALISED = 0.5  # share of capitalised words above which a sentence is a headline


@dataclass(frozen=True)
class NGrams:
    """Each occurrence of an n-gram in a text: arrays of shape (n_occurrences,).

    Attributes:
        rows: position of the sentence, or clause, that holds it.
        buckets: its hash, in [0, N_BUCKETS).
        starts: its first character.
        ends: the character after it.
    """

    rows: I64
    buckets: I64
    starts: I64
    ends: I64


@dataclass(frozen=True)
class Features:
    """TF-IDF of sentences, sorted by row and column: arrays of shape (n_features,).

    Attributes:
        rows: position of the sentence.
        columns: column of the vocabulary.
        counts: occurrences of the n-gram in the sentence.
        values: weight of the n-gram in the sentence.
        bounds: first feature of each sentence, and the end; shape (n_rows + 1,).
    """

    rows: I64
    columns: I64
    counts: I64
    values: F32
    bounds: I64

    def linear(self, weights: F32) -> F32:
        """Return the product with weights (n_columns, n_outputs), shape (n_rows, n_outputs)."""
        products = np.take(weights, self.columns, axis=0)
        products *= self.values[:, None]
        return _sums(products, self.bounds)

    def only(self, rows: I64) -> Features:
        """Return the features of the given rows; the others are empty, and keep their place."""
        is_kept = np.zeros(len(self.bounds) - 1, dtype=bool)
        is_kept[rows] = True
        kept = is_kept[self.rows]
        sizes = np.diff(self.bounds) * is_kept
        bounds = np.concatenate(([0], np.cumsum(sizes)))
        return Features(
            self.rows[kept], self.columns[kept], self.counts[kept], self.values[kept], bounds
        )


@dataclass(frozen=True)
class Vocabulary:
    """The buckets that a model knows, and their weights.

    Attributes:
        buckets: the bucket of each column, ascending, shape (n_columns,).
        idf: inverse document frequency of each column, the documents being sentences.
        column_of: the column of each bucket, -1 where it has none, shape (N_BUCKETS,).
    """

    buckets: I64
    idf: F32
    column_of: I64

    @classmethod
    def of(cls, buckets: I64, idf: F32) -> Vocabulary:
        """Build the vocabulary of the given buckets."""
        column_of = np.full(N_BUCKETS, -1, dtype=np.int64)
        column_of[buckets] = np.arange(len(buckets))
        return cls(buckets, idf, column_of)

    def __len__(self) -> int:
        return len(self.buckets)

    def weigh(self, ngrams: NGrams, n_rows: int) -> Features:
        """Return the TF-IDF of sentences: (1 + ln count) · idf, scaled to Euclidean length 1.

        Source: Manning, Raghavan and Schütze 2008, sections 6.2.1 and 6.4.1.
        """
        known = self.column_of[ngrams.buckets]
        keys = (ngrams.rows * len(self) + known)[known >= 0]
        keys.sort()
        firsts = np.flatnonzero(np.diff(keys, prepend=-1))
        counts = np.diff(firsts, append=len(keys))
        rows, columns = np.divmod(keys[firsts], max(1, len(self)))
        values = (1 + np.log(counts, dtype=np.float32)) * self.idf[columns]
        bounds = np.searchsorted(rows, np.arange(n_rows + 1))
        values /= np.repeat(np.sqrt(_sums(values * values, bounds)), np.diff(bounds))
        return Features(rows, columns, counts, values, bounds)


def fit_vocabulary(texts: Iterable[tuple[NGrams, int]]) -> Vocabulary:
    """Return the buckets that occur in two sentences or more, weighted by ln((1+n)/(1+n_b)) + 1.

    Here n is the number of sentences and n_b that of the sentences with an n-gram of bucket b.

    Args:
        texts: the n-grams of each text, and its number of sentences.
    """
    n_with = np.zeros(N_BUCKETS, dtype=np.int64)
    n_sentences = 0
    for ngrams, n_rows in texts:
        keys = np.unique(ngrams.rows * N_BUCKETS + ngrams.buckets)
        n_with += np.bincount(keys % N_BUCKETS, minlength=N_BUCKETS)
        n_sentences += n_rows
    buckets = np.flatnonzero(n_with >= MIN_SENTENCES)
    idf = np.log((1 + n_sentences) / (1 + n_with[buckets])) + 1
    return Vocabulary.of(buckets, idf.astype(np.float32))


def count_ngrams(
    text: str, sentences: Sequence[Span], clauses: Sequence[Span] | None = None
) -> NGrams:
    """Return the n-grams of sentences that tile a text, or of their clauses, which tile it too.

    They are the runs of 3 to 5 characters inside a word (its edges count as a character each,
    so that "no" has three), the words, the marks of punctuation, and the pairs of neighbours
    among these inside a sentence. Case, the shape of a quotation mark and the value of a digit
    are folded away. A name (a word capitalised within a sentence) counts as a name, whichever it
    is: the model shall learn the device and not the nation.
    """
    codes, kinds, is_upper = _read(text)
    sentence_of = _row_of_character(sentences)
    row_of = sentence_of if clauses is None else _row_of_character(clauses)
    starts, ends = _tokens(kinds)
    is_name = _names(codes, is_upper, sentence_of, (starts, ends, kinds[starts] == _LETTER))
    is_letter = (kinds == _LETTER) & ~_cover(starts[is_name], ends[is_name], len(codes))
    words = _words(codes, starts, ends, row_of, is_name)
    parts = [*_character_ngrams(codes, is_letter), *words]
    hashes, first, after, inside = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return NGrams(row_of[inside], _bucket(hashes), first, after)


def _sums(values: F32, bounds: I64) -> F32:
    """Return the sum of each stretch of values along the first axis, 0 for an empty stretch."""
    filled = bounds[:-1] < bounds[1:]
    totals = np.zeros((len(bounds) - 1, *values.shape[1:]), dtype=np.float32)
    if filled.any():
        totals[filled] = np.add.reduceat(values, bounds[:-1][filled], axis=0)
    return totals


def _row_of_character(rows: Sequence[Span]) -> I64:
    return np.repeat(np.arange(len(rows)), np.array([len(row) for row in rows], dtype=np.int64))


def _cover(starts: I64, ends: I64, n_characters: int) -> Mask:
    steps = np.zeros(n_characters + 1, dtype=np.int8)
    steps[starts] += 1
    steps[ends] -= 1
    return steps[:-1].cumsum() > 0


def _read(text: str) -> tuple[U64, Kinds, Mask]:
    """Return the folded code of each character, its kind, and whether it is a capital."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    folded_of, kind_of, upper_of = _tables()
    plane = np.minimum(codes, 0xFFFF)
    kinds = kind_of[plane]
    folded = np.where(codes > 0xFFFF, codes, folded_of[plane]).astype(np.uint64)
    is_inner = (kinds[:-2] == _LETTER) & (kinds[2:] == _LETTER)
    kinds[1:-1][is_inner & (folded[1:-1] == _APOSTROPHE)] = _LETTER
    return folded, kinds, upper_of[plane]


@cache
def _tables() -> tuple[npt.NDArray[np.uint32], Kinds, Mask]:
    """Return what each code point of the basic plane folds to, its kind, and if it is a capital.

    The last entry stands for all code points beyond the plane.
    """
    characters = [chr(code) for code in range(0x10000)]
    lower = [character.lower() for character in characters]
    # "İ" alone becomes two characters in lower case; it stays as it is.
    folded = np.array(
        [ord(low if len(low) == 1 else c) for low, c in zip(lower, characters, strict=True)],
        dtype=np.uint32,
    )
    folded[list(_QUOTES)] = list(_QUOTES.values())
    folded[ord("1") : ord("9") + 1] = ord("0")
    kinds = np.array([_kind(character) for character in characters], dtype=np.uint8)
    is_upper = np.array([low != c for low, c in zip(lower, characters, strict=True)])
    return folded, kinds, is_upper


def _kind(character: str) -> int:
    if character.isspace():
        return _SPACE
    return _LETTER if category(character)[0] in "LMN" else _MARK


def _tokens(kinds: Kinds) -> tuple[I64, I64]:
    """Return the bounds of the words and of the single marks of punctuation."""
    is_letter, is_mark = kinds == _LETTER, kinds == _MARK
    padded = np.concatenate(([False], is_letter, [False]))
    starts = np.flatnonzero((is_letter & ~padded[:-2]) | is_mark)
    ends = np.flatnonzero((is_letter & ~padded[2:]) | is_mark) + 1
    return starts, ends


def _names(codes: U64, is_upper: Mask, sentence_of: I64, tokens: tuple[I64, I64, Mask]) -> Mask:
    """Return which tokens are names: capitalised after a word or a comma of their sentence.

    A headline, most of whose words are capitalised, has none that could be told.
    """
    starts, ends, is_word = tokens
    sentence = sentence_of[starts]
    is_capital = is_word & is_upper[starts]
    n_sentences = 1 + sentence_of.max(initial=-1)
    n_words = np.bincount(sentence[is_word], minlength=n_sentences)
    n_capitals = np.bincount(sentence[is_capital], minlength=n_sentences)
    is_headline = n_capitals > _MAX_CAPITALISED * n_words
    # "I" and "I'm": the second character is outside of the word or an apostrophe.
    second = np.where(
        ends - starts == 1, _APOSTROPHE, codes[np.minimum(starts + 1, len(codes) - 1)]
    )
    is_pronoun = (codes[starts] == ord("i")) & (second == _APOSTROPHE)
    is_name: Mask = is_capital & ~is_pronoun & ~is_headline[sentence]
    leads = is_word[:-1] | (codes[starts[:-1]] == _COMMA)
    is_name[1:] &= leads & (sentence[1:] == sentence[:-1])
    is_name[:1] = False
    return is_name


def _character_ngrams(codes: U64, is_letter: Mask) -> Parts:
    """Yield the n-grams whose inner characters are letters of one word, for n from 3 up."""
    padded = np.full(len(codes) + 2, _EDGE, dtype=np.uint64)
    padded[1:-1][is_letter] = codes[is_letter]
    hashes = padded[:-1] * _BASE + padded[1:]
    is_inside = np.ones(len(hashes), dtype=bool)
    for n in range(3, LONGEST + 1):  # hashes[i] holds padded[i : i + n]
        hashes = hashes[:-1] * _BASE + padded[n - 1 :]
        is_inside = is_inside[:-1] & is_letter[n - 3 :]
        at = np.flatnonzero(is_inside)
        starts, ends = np.maximum(at - 1, 0), np.minimum(at - 1 + n, len(codes))
        yield hashes[at], starts, ends, at


def _words(codes: U64, starts: I64, ends: I64, row_of: I64, is_name: Mask) -> Parts:
    """Yield the tokens, then the pairs of neighbours that stand in one row."""
    hashes = _token_hashes(codes, starts, ends)
    hashes[is_name] = _NAME
    yield hashes, starts, ends, starts
    rows = row_of[starts]
    is_pair = rows[1:] == rows[:-1]
    pairs = hashes[:-1] * _PAIR + hashes[1:]
    yield pairs[is_pair], starts[:-1][is_pair], ends[1:][is_pair], starts[:-1][is_pair]


def _token_hashes(codes: U64, starts: I64, ends: I64) -> U64:
    lengths = ends - starts
    firsts = np.cumsum(lengths) - lengths
    place = np.arange(lengths.sum()) - np.repeat(firsts, lengths)
    powers = np.cumprod(np.full(_LONGEST_TOKEN, _BASE))
    terms = codes[np.repeat(starts, lengths) + place] * powers[np.minimum(place, len(powers) - 1)]
    sums = np.add.reduceat(terms, firsts) if len(firsts) else terms
    hashes: U64 = (sums ^ (sums >> np.uint64(29))) * _MIX
    return hashes


def _bucket(hashes: U64) -> I64:
    mixed = (hashes ^ (hashes >> np.uint64(32))) * _MIX
    return (mixed >> np.uint64(64 - BUCKET_BITS)).astype(np.int64)
