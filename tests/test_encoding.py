from __future__ import annotations

import itertools

import numpy as np
import pytest
from corpus_files import TAXONOMY
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from framing import encoding
from framing.encoding import (
    NO_VOICE,
    Tokens,
    device_targets,
    owned_bounds,
    tokenize,
    voice_targets,
    window_bounds,
)
from framing.sentences import sentence_bounds
from framing.spans import LabelledSpan, Span

LETTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)]
TRAINING_TEXTS = [
    "The wardens of the harbour deny it. Nobody opened the gate, they say.",
    "A fire began in the long shed. The council blames the river and the rain.",
]


def wordpiece() -> Tokenizer:
    """A vocabulary like BERT's: letters in lower case, accents stripped, pieces of words."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=120, special_tokens=["[UNK]"], initial_alphabet=LETTERS, show_progress=False
    )
    tokenizer.train_from_iterator(TRAINING_TEXTS, trainer)
    return tokenizer


def wordlevel() -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordLevelTrainer(special_tokens=["[UNK]"], show_progress=False)
    tokenizer.train_from_iterator(TRAINING_TEXTS, trainer)
    return tokenizer


def byte_level() -> Tokenizer:
    """A vocabulary like RoBERTa's: bytes, with the space before a word inside its token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TRAINING_TEXTS, trainer)
    return tokenizer


TOKENIZERS = {"WordPiece": wordpiece(), "WordLevel": wordlevel(), "byte level": byte_level()}
each_tokenizer = pytest.mark.parametrize("name", TOKENIZERS)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            ["They deny it.", "gate", " ", "\r\n", "🜁", "e\u0301", "é", "“no”", "\u200d", "\udce9"]
        ),
        max_size=20,
    ).map("".join),
)


def tokens_of(text: str, tokenizer: Tokenizer) -> Tokens:
    return tokenize(text, sentence_bounds(text), tokenizer)


def bare(text: str, span: LabelledSpan) -> LabelledSpan | None:
    """The span without white space at its edges, as annotators leave it; None if none is left."""
    words = text[span.start : span.end]
    start = span.start + len(words) - len(words.lstrip())
    end = span.end - (len(words) - len(words.rstrip()))
    return LabelledSpan(start, end, span.device, span.voice) if start < end else None


@st.composite
def texts_with_spans(draw: st.DrawFn) -> tuple[str, list[LabelledSpan]]:
    text = draw(TEXTS.filter(bool))
    spans = []
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(text) - 1))
        span = LabelledSpan(
            start,
            draw(st.integers(start + 1, len(text))),
            draw(st.sampled_from(TAXONOMY.device_names)),
            draw(st.sampled_from(TAXONOMY.voice_names)),
        )
        if kept := bare(text, span):
            spans.append(kept)
    return text, spans


@each_tokenizer
def test_tokens_lie_on_their_words_without_the_space_before(name: str) -> None:
    text = "They  deny it."
    tokens = tokens_of(text, TOKENIZERS[name])
    held = "".join(text[start:end] for start, end in zip(tokens.starts, tokens.ends, strict=True))
    assert held.replace(" ", "") == "Theydenyit."
    # A word may fall into pieces, but each starts where the word starts and none starts at a space.
    assert {0, 6, 11, 13} <= set(tokens.starts.tolist())
    assert {4, 10, 13, 14} <= set(tokens.ends.tolist())


@each_tokenizer
def test_offsets_count_code_points_of_astral_and_combining_characters(name: str) -> None:
    # 0 '🜁' 1 ' ' 2-6 'Môle' with a combining circumflex (5 code points) 7 ' ' 8-11 'deny'
    text = "🜁 Mo\u0302le deny"
    tokens = tokens_of(text, TOKENIZERS[name])
    for start, end in [(2, 7), (8, 12)]:
        word = tokens.slice_of(Span(start, end))
        assert (tokens.starts[word].min(), tokens.ends[word].max()) == (start, end)


@each_tokenizer
@given(text=TEXTS)
@example(text="")
@example(text=" \n ")
def test_tokens_are_in_order_and_inside_the_text(name: str, text: str) -> None:
    tokens = tokens_of(text, TOKENIZERS[name])
    assert len(tokens.ids) == len(tokens.starts) == len(tokens.ends) == len(tokens)
    assert (tokens.starts <= tokens.ends).all()
    assert (np.diff(tokens.starts) >= 0).all()
    assert (np.diff(tokens.ends) >= 0).all()
    assert len(tokens) == 0 or 0 <= tokens.starts[0] <= tokens.ends[-1] <= len(text)


@given(texts_with_spans())
@example(("caf\udce9 deny", [LabelledSpan(0, 4, "denial", "own")]))
def test_the_characters_of_a_span_are_covered_by_the_tokens_flagged_for_it(
    case: tuple[str, list[LabelledSpan]],
) -> None:
    text, spans = case
    tokens = tokens_of(text, TOKENIZERS["byte level"])  # it leaves no character out
    targets = device_targets(tokens, spans, TAXONOMY)
    assert targets.shape == (len(tokens), len(TAXONOMY.device_names))
    for column, device in enumerate(TAXONOMY.device_names):
        flagged: set[int] = set()
        for token in np.flatnonzero(targets[:, column]):
            flagged.update(range(tokens.starts[token], tokens.ends[token]))
        wanted = {i for s in spans if s.device == device for i in range(s.start, s.end)}
        assert {i for i in wanted if not text[i].isspace()} <= flagged


@each_tokenizer
@given(case=texts_with_spans())
def test_no_token_is_flagged_that_touches_no_span_of_its_device(
    name: str, case: tuple[str, list[LabelledSpan]]
) -> None:
    text, spans = case
    tokens = tokens_of(text, TOKENIZERS[name])
    targets = device_targets(tokens, spans, TAXONOMY)
    voices = voice_targets(tokens, spans, TAXONOMY)
    for i, (start, end) in enumerate(zip(tokens.starts, tokens.ends, strict=True)):
        if start == end:
            continue
        touching = [s for s in spans if s.overlap(Span(int(start), int(end)))]
        flagged = {TAXONOMY.device_names[column] for column in np.flatnonzero(targets[i])}
        assert flagged == {span.device for span in touching}
        if touching:
            assert TAXONOMY.voice_names[voices[i]] in {span.voice for span in touching}
        else:
            assert voices[i] == NO_VOICE


def test_overlapping_spans_of_two_devices_flag_one_token_twice() -> None:
    text = "They deny it"
    tokens = tokens_of(text, TOKENIZERS["WordLevel"])
    spans = [LabelledSpan(0, 9, "denial", "own"), LabelledSpan(5, 12, "foreignising", "quoted")]
    targets = device_targets(tokens, spans, TAXONOMY)
    # columns: blame_shifting, foreignising, denial, sourcing_appeal; tokens: They, deny, it
    assert targets.tolist() == [[0, 0, 1, 0], [0, 1, 1, 0], [0, 1, 0, 0]]
    # voices: own 0, quoted 1; the later span wins where two overlap
    assert voice_targets(tokens, spans, TAXONOMY).tolist() == [0, 1, 1]


def test_a_token_that_a_span_only_meets_at_its_edge_is_not_flagged() -> None:
    tokens = tokens_of("They deny it", TOKENIZERS["WordLevel"])
    assert tokens.slice_of(Span(4, 5)) == slice(1, 1)  # the space
    assert tokens.slice_of(Span(4, 10)) == slice(1, 2)
    assert tokens.slice_of(Span(3, 11)) == slice(0, 3)


@pytest.mark.parametrize("name", ["WordPiece", "WordLevel"])
@pytest.mark.parametrize("n_characters", [1, 45, 90])
def test_pieces_that_end_at_sentence_ends_give_the_tokens_of_the_whole_text(
    monkeypatch: pytest.MonkeyPatch, name: str, n_characters: int
) -> None:
    text = " ".join(TRAINING_TEXTS * 3)
    tokenizer = TOKENIZERS[name]
    whole = tokenizer.encode(text, add_special_tokens=False)
    sentences = sentence_bounds(text)
    longest = max(len(sentence) for sentence in sentences)
    monkeypatch.setattr(encoding, "PIECE_CHARACTERS", max(longest, n_characters))
    tokens = tokenize(text, sentences, tokenizer)
    assert tokens.ids.tolist() == whole.ids
    assert list(zip(tokens.starts, tokens.ends, strict=True)) == whole.offsets


@each_tokenizer
def test_a_sentence_longer_than_a_piece_is_cut_and_no_character_is_lost(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    text = "nobody opened the gate " * 20 + "and they deny it. The end."
    monkeypatch.setattr(encoding, "PIECE_CHARACTERS", 50)
    tokens = tokens_of(text, TOKENIZERS[name])
    held = {i for s, e in zip(tokens.starts, tokens.ends, strict=True) for i in range(s, e)}
    assert {i for i, character in enumerate(text) if not character.isspace()} <= held


@each_tokenizer
def test_the_empty_text_has_no_tokens(name: str) -> None:
    tokens = tokens_of("", TOKENIZERS[name])
    assert len(tokens) == 0
    assert device_targets(tokens, [], TAXONOMY).shape == (0, 4)
    assert voice_targets(tokens, [], TAXONOMY).shape == (0,)


@each_tokenizer
def test_a_lone_surrogate_moves_no_offset(name: str) -> None:
    broken, mended = "caf\udce9 they deny it", "caf\ufffd they deny it"
    tokens, expected = tokens_of(broken, TOKENIZERS[name]), tokens_of(mended, TOKENIZERS[name])
    assert tokens.ids.tolist() == expected.ids.tolist()
    assert tokens.starts.tolist() == expected.starts.tolist()


SIZES = st.tuples(st.integers(0, 400), st.integers(1, 40)).flatmap(
    lambda x: st.tuples(st.just(x[0]), st.just(x[1]), st.integers(0, x[1] - 1))
)


@given(SIZES)
def test_windows_cover_all_tokens_and_share_at_least_the_overlap(
    sizes: tuple[int, int, int],
) -> None:
    n_tokens, length, overlap = sizes
    windows = window_bounds(n_tokens, length, overlap)
    assert sorted({i for w in windows for i in range(w.start, w.end)}) == list(range(n_tokens))
    assert len({len(window) for window in windows}) <= 1
    assert all(len(window) <= length for window in windows)
    assert all(left.overlap(right) >= overlap for left, right in itertools.pairwise(windows))


@given(SIZES)
def test_what_windows_judge_tiles_the_tokens_and_lies_inside_them(
    sizes: tuple[int, int, int],
) -> None:
    n_tokens, length, overlap = sizes
    windows = window_bounds(n_tokens, length, overlap)
    owned = owned_bounds(windows)
    assert [i for bounds in owned for i in range(bounds.start, bounds.end)] == list(range(n_tokens))
    for window, judged in zip(windows, owned, strict=True):
        assert window.start <= judged.start < judged.end <= window.end
        # Inside the text a token has half the overlap as context on both sides.
        assert judged.start == 0 or judged.start - window.start >= overlap // 2
        assert judged.end == n_tokens or window.end - judged.end >= overlap // 2


def test_neighbours_halve_their_overlap() -> None:
    windows = window_bounds(20, 10, 4)
    # Two windows of 10 that share 4 hold 16 tokens, so there are three; they share 5.
    assert windows == [Span(0, 10), Span(5, 15), Span(10, 20)]
    # The overlaps 5:10 and 10:15 are cut in the middle, at 7 and 12.
    assert owned_bounds(windows) == [Span(0, 7), Span(7, 12), Span(12, 20)]


def test_windows_are_as_few_and_as_short_as_can_be() -> None:
    # 16 tokens go into two windows of 10 that share 4, and 14 into two of (14 + 4) / 2 = 9.
    assert window_bounds(16, 10, 4) == [Span(0, 10), Span(6, 16)]
    assert window_bounds(14, 10, 4) == [Span(0, 9), Span(5, 14)]
    assert window_bounds(10, 10, 4) == [Span(0, 10)]
    assert window_bounds(0, 10, 4) == []


@pytest.mark.parametrize(("length", "overlap"), [(4, 4), (4, 5), (4, -1), (0, 0)])
def test_an_overlap_that_leaves_no_step_is_refused(length: int, overlap: int) -> None:
    with pytest.raises(ValueError, match=rf"overlap {overlap}: expected 0 <= overlap < length"):
        window_bounds(10, length, overlap)
