"""From the probabilities of tokens to spans of words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from framing.calibration import apply_sigmoid
from framing.encoding import Tokens
from framing.model_folder import Calibration, Thresholds
from framing.sentences import sentence_index
from framing.spans import LabelledSpan, Span
from framing.taxonomy import Taxonomy

Floats = npt.NDArray[np.float32]

_MARK = r"[\s\"'“”‘’«»„,;:.!?…–—-]"
_EDGE = re.compile(rf"^{_MARK}*(?:(?:and|but|or|so|because)\s+)?[\s\"“”‘«„]*", re.IGNORECASE)
# The look-behind keeps the search from starting anew at each mark of a run: 20,000 dots took 3 s.
_TRAIL = re.compile(rf"(?<!{_MARK}){_MARK}+$")
_WORD = re.compile(r"\w")
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch that may be a span.

    Attributes:
        raw: uncalibrated score, a logit.
        voice_score: probability of the voice in [0, 1].
    """

    span: Span
    device: str
    raw: float
    voice: str
    voice_score: float


@dataclass(frozen=True)
class TokenProbabilities:
    """What a network says of the tokens of one text.

    Attributes:
        devices: probability that the token belongs to a span of each device, (n_tokens, n_devices).
        voices: probability of each voice, were the token in a span, (n_tokens, n_voices).
    """

    devices: Floats
    voices: Floats


def decode_candidates(
    text: str,
    sentences: Sequence[Span],
    tokens: Tokens,
    probabilities: TokenProbabilities,
    taxonomy: Taxonomy,
    edges: Mapping[str, float],
    shortest: Mapping[str, float],
    max_gap: int,
) -> list[Candidate]:
    """Return the stretches whose tokens reach the edge probability of a device.

    Stretches less than `max_gap` tokens apart are joined, none leaves its sentence, and edges are
    snapped to whole words without quotation marks, final punctuation or a leading conjunction.
    The raw score is the logit of the mean probability of the stretch's tokens.

    Args:
        text: the text.
        sentences: bounds that tile the text.
        tokens: the n_tokens tokens of the text.
        probabilities: of these tokens.
        taxonomy: gives the columns their names.
        edges: for each device to look for, the probability at which a token may join a stretch.
        shortest: for each device the fewest words of a span; what is shorter is a fragment.
        max_gap: tokens under the edge that a stretch may bridge.
    """
    sentence_of = np.searchsorted([s.start for s in sentences], tokens.starts, side="right") - 1
    candidates = []
    for column, device in enumerate(taxonomy.device_names):
        if device not in edges:
            continue
        inside = probabilities.devices[:, column] >= edges[device]
        for run in _runs(inside, sentence_of, max_gap):
            piece = slice(run.start, run.end)
            sentence = sentences[sentence_index(sentences, int(tokens.starts[run.start]))]
            span = snap(
                text, sentence, int(tokens.starts[run.start]), int(tokens.ends[run.end - 1])
            )
            if span is None or count_words(text, span) < shortest[device]:
                continue
            mean = float(probabilities.devices[piece, column].mean())
            voices = probabilities.voices[piece].mean(axis=0)
            best = int(voices.argmax())
            candidates.append(
                Candidate(
                    span, device, logit(mean), taxonomy.voice_names[best], float(voices[best])
                )
            )
    return candidates


def _runs(
    inside: npt.NDArray[np.bool_], sentence_of: npt.NDArray[np.intp], max_gap: int
) -> Iterator[Span]:
    """Yield runs of tokens inside, joined over short gaps, cut where a sentence ends."""
    positions = np.flatnonzero(inside)
    if not len(positions):
        return
    breaks = (np.diff(positions) > max_gap + 1) | (np.diff(sentence_of[positions]) != 0)
    firsts = positions[np.concatenate([[True], breaks])]
    lasts = positions[np.concatenate([breaks, [True]])]
    for first, last in zip(firsts, lasts, strict=True):
        yield Span(int(first), int(last) + 1)


def snap(text: str, sentence: Span, start: int, end: int) -> Span | None:
    """Return the bounds moved out to whole words, then in over punctuation; None if none is left.

    >>> snap("He said: 'we never did it.'", Span(0, 27), 11, 24)
    Span(start=10, end=25)
    """
    while start > sentence.start and _WORD.match(text[start]) and _WORD.match(text[start - 1]):
        start -= 1
    while end < sentence.end and _WORD.match(text[end - 1]) and _WORD.match(text[end]):
        end += 1
    words = text[start : min(end, sentence.end)]
    lead = _EDGE.match(words)
    start += lead.end() if lead else 0
    trail = _TRAIL.search(words)
    end = min(end, sentence.end) - (len(trail.group()) if trail else 0)
    return Span(start, end) if _WORD.search(text, start, end) else None


def count_words(text: str, span: Span) -> int:
    """Return the number of words in a span."""
    return len(_WORDS.findall(text, span.start, span.end))


def logit(probability: float) -> float:
    """Return the log-odds of a probability, kept within ±13.8."""
    clipped = min(max(probability, 1e-6), 1 - 1e-6)
    return float(np.log(clipped / (1 - clipped)))


def grade(
    candidates: Iterable[Candidate], thresholds: Mapping[str, Thresholds], calibration: Calibration
) -> tuple[tuple[LabelledSpan, ...], tuple[LabelledSpan, ...]]:
    """Return the spans that reach their device's report threshold, and those that are uncertain.

    Both are in order of place and carry calibrated scores.
    """
    reported, uncertain = [], []
    for candidate in candidates:
        sigmoid = calibration.spans[candidate.device]
        score = float(apply_sigmoid(sigmoid, np.asarray(candidate.raw)))
        limits = thresholds[candidate.device]
        span = LabelledSpan(
            candidate.span.start,
            candidate.span.end,
            candidate.device,
            candidate.voice,
            score,
            candidate.voice_score,
        )
        if score >= limits.report:
            reported.append(span)
        elif score >= limits.uncertain:
            uncertain.append(span)
    return tuple(sorted(reported)), tuple(sorted(uncertain))
