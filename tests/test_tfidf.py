import math
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from framing.errors import ModelError, UsageError
from framing.model_folder import ModelManifest, write_manifest
from framing.sentences import sentence_bounds
from framing.spans import Document, LabelledDocument, LabelledSpan, Span
from framing.taxonomy import Device, Taxonomy, Voice
from framing.tfidf import fit_tfidf, load_tfidf
from framing.tfidf.ngrams import count_ngrams, fit_vocabulary
from framing.tfidf.pieces import (
    LONGEST_SENTENCE,
    PIECE_CHARACTERS,
    clause_bounds,
    clause_text,
    pieces,
)
from framing.tfidf.reading import document_raw, read_piece, squared_odds
from framing.tfidf.samples import clause_matrix, samples, sentence_matrix
from framing.tfidf.voice_cues import CUES, Quotations, quoted_stretches, voice_cues

ANYTHING = st.text(st.characters(exclude_categories=[]), max_size=200)
PROSE = st.lists(
    st.sampled_from([*"abAB ,.;:'\"“”‘’—-\n1é\U0001f30a", " that ", " and "]), max_size=60
).map("".join)


def taxonomy(devices: list[str], voices: list[str]) -> Taxonomy:
    return Taxonomy(
        labels_version="1.0",
        codebook_version="1.0",
        devices=tuple(Device(name, name, name[0], "#123456", name) for name in devices),
        voices=tuple(Voice(name, name, name) for name in voices),
    )


TAXONOMY = taxonomy(["denial", "blame", "absent"], ["own", "quoted", "reported"])

# Each spans one device; {} stands for what makes the sentences differ.
DENIALS = [
    ("quoted", 'The envoy said on {}: "[There was never any leak at the mill].".'),
    ("own", "Whatever the papers print about {}, [these claims are baseless and false]."),
    ("reported", "The mayor met farmers on {} and [rejected the findings as invented]."),
]
BLAME = [
    ("quoted", '"[The neighbours poisoned our wells]", the captain told a crowd on {}.'),
    ("own", "While we rebuilt the {}, [the rival guild set fire to the stores]."),
    ("reported", "On {} the envoy accused [the old regime of starving the valley]."),
]
NEUTRAL = [
    "The market opens at nine on {}.",
    "Rain is expected over the hills, and the {} fair goes on.",
    "A runner from the coast won the {} race by two minutes.",
]
DAYS = ["Monday", "Tuesday", "market day", "the holiday", "Friday", "the bridge", "spring day"]


def sentence(template: str, day: str, device: str, voice: str, at: int) -> tuple[str, LabelledSpan]:
    text = template.format(day)
    start, end = text.index("["), text.index("]") - 1
    text = text.replace("[", "").replace("]", "")
    return text, LabelledSpan(at + start, at + end, device, voice)


def labelled(index: int) -> LabelledDocument:
    """Return three neutral sentences, and one of a device in all documents but each fourth."""
    day = DAYS[index % len(DAYS)]
    text = "\n".join(template.format(day) for template in NEUTRAL) + "\n"
    if index % 4 == 3:
        return LabelledDocument(Document(f"d{index}", text))
    device, templates = ("denial", DENIALS) if index % 2 else ("blame", BLAME)
    voice, template = templates[index % 3]
    words, span = sentence(template, day, device, voice, len(text))
    return LabelledDocument(Document(f"d{index}", f"{text}{words}\n"), (span,))


TRAIN = [labelled(index) for index in range(60)]
DEV = [labelled(index) for index in range(60, 100)]


@pytest.fixture(scope="module")
def fitted():
    lines = []
    return fit_tfidf(TRAIN, DEV, TAXONOMY, 7, lines.append), lines


def saved(model, folder) -> ModelManifest:
    names = model.save(folder)
    manifest = ModelManifest(
        name="baseline",
        kind="tfidf",
        version="1",
        labels_version="1.0",
        labels_digest="",
        seed=7,
        command="",
        created="",
        libraries={},
        taxonomy=model.taxonomy,
        thresholds=model.thresholds,
        calibration=model.calibration,
        settings=model.settings,
    )
    return write_manifest(folder, manifest, names)


@pytest.fixture(scope="module")
def classifier(fitted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    return load_tfidf(folder, saved(fitted[0], folder))


def buckets(text: str) -> Counter[int]:
    return Counter(count_ngrams(text, sentence_bounds(text)).buckets.tolist())


# N-grams


def test_ngrams_are_words_marks_their_pairs_and_runs_of_characters_inside_words():
    text = "No rain."
    ngrams = count_ngrams(text, [Span(0, 8)])
    found = Counter(text[start:end] for start, end in zip(ngrams.starts, ngrams.ends, strict=True))
    # Edges outside of the text add nothing to what is quoted: the run "_No" is quoted "No".
    # runs of 3 to 5, an edge counted as a character: _no no_ _no_, _ra rai ain in_ _rai …
    runs = "No|No |No | ra|rai|ain|in.| rai|rain|ain.| rain|rain."
    words_marks_pairs = "No|rain|.|No rain|rain."
    assert found == Counter(f"{runs}|{words_marks_pairs}".split("|"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("the “claims” are baseless", 'The "Claims" are baseless'.lower()),
        ("it isn’t so", "it isn't so"),
        ("the 14 camps", "the 97 camps"),
        ("a long\tway", "a long way"),
    ],
)
def test_case_quotation_marks_and_digits_are_folded(one, other):
    assert buckets(one) == buckets(other)


def test_names_within_a_sentence_count_as_a_name_whichever_they_are():
    assert buckets("We met envoys of Arlonia there.") == buckets("We met envoys of Bezk there.")
    assert buckets("We met envoys of arlonia there.") != buckets("We met envoys of bezk there.")


def test_the_first_word_a_pronoun_and_a_headline_are_no_names():
    assert buckets("Envoys met us.") != buckets("Farmers met us.")
    assert buckets("what I said here") == buckets("what i said here")
    assert buckets("Envoys Reject All Claims") == buckets("envoys reject all claims")


def test_pairs_do_not_cross_a_sentence():
    joined = count_ngrams("rain fell", [Span(0, 5), Span(5, 9)]).buckets.tolist()
    whole = count_ngrams("rain fell", [Span(0, 9)]).buckets.tolist()
    assert len(whole) == len(joined) + 1


@given(st.lists(PROSE, min_size=1, max_size=5))
def test_ngrams_of_a_text_are_those_of_its_sentences(parts):
    texts = [f"{part}\n" for part in parts]
    bounds = [0, *np.cumsum([len(text) for text in texts]).tolist()]
    whole = count_ngrams("".join(texts), [Span(*pair) for pair in pairwise(bounds)])
    for row, text in enumerate(texts):
        alone = count_ngrams(text, [Span(0, len(text))])
        assert sorted(whole.buckets[whole.rows == row]) == sorted(alone.buckets)


@given(ANYTHING)
def test_ngrams_stay_inside_any_text(text):
    ngrams = count_ngrams(text, [Span(0, len(text))] if text else [])
    assert (ngrams.starts >= 0).all()
    assert (ngrams.starts < ngrams.ends).all()
    assert (ngrams.ends <= len(text)).all()


def test_weights_are_sublinear_tf_times_idf_of_length_one():
    texts = ["war war war on dogs", "dogs on ice", "ice war"]
    counted = [(count_ngrams(text, [Span(0, len(text))]), 1) for text in texts]
    vocabulary = fit_vocabulary(counted)
    for ngrams, n_rows in counted:
        features = vocabulary.weigh(ngrams, n_rows)
        counts = Counter(ngrams.buckets.tolist())
        n_with = {b: sum(b in other.buckets for other, _ in counted) for b in counts}
        slow = {
            b: (1 + math.log(n)) * (math.log(4 / (1 + n_with[b])) + 1)
            for b, n in counts.items()
            if n_with[b] >= 2  # an n-gram of one sentence alone is no column
        }
        length = math.sqrt(sum(value**2 for value in slow.values()))
        found = dict(
            zip(vocabulary.buckets[features.columns].tolist(), features.values, strict=True)
        )
        assert found == pytest.approx({b: value / length for b, value in slow.items()}, rel=1e-5)


def test_a_sentence_without_a_known_ngram_has_no_features():
    counted = [(count_ngrams("war", [Span(0, 3)]), 1)] * 2
    vocabulary = fit_vocabulary(counted)
    features = vocabulary.weigh(count_ngrams("qq\nwar", [Span(0, 3), Span(3, 6)]), 2)
    assert features.bounds[1] == 0
    assert features.linear(np.ones((len(vocabulary), 1), np.float32))[0, 0] == 0


# Pieces and clauses


@given(st.lists(st.integers(1, 3 * LONGEST_SENTENCE), max_size=30), st.sampled_from(["a", "ab "]))
def test_pieces_tile_a_text_in_bounded_sentences(lengths, word):
    bounds = [0, *np.cumsum(lengths).tolist()]
    text = (word * bounds[-1])[: bounds[-1]]
    found = list(pieces(text, [Span(*pair) for pair in pairwise(bounds)]))
    assert "".join(piece.text for piece in found) == text
    assert [piece.start for piece in found] == [
        sum(len(piece.text) for piece in found[:i]) for i in range(len(found))
    ]
    for piece in found:
        assert len(piece.text) <= PIECE_CHARACTERS
        assert max(len(part) for part in piece.sentences) <= LONGEST_SENTENCE
        assert "".join(piece.text[s.start : s.end] for s in piece.sentences) == piece.text


def test_an_overlong_sentence_is_cut_after_white_space():
    text = "word " * 1000
    (piece,) = pieces(text, [Span(0, 5000)])
    assert [(part.start, part.end) for part in piece.sentences] == [
        (0, 2000),
        (2000, 4000),
        (4000, 5000),
    ]


@given(PROSE)
def test_clauses_tile_their_sentence(text):
    sentences = sentence_bounds(text)
    for found in sentences:
        clauses = clause_bounds(text, found)
        assert "".join(text[c.start : c.end] for c in clauses) == text[found.start : found.end]


@given(PROSE)
def test_the_text_of_clauses_holds_the_words_of_the_clauses(text):
    for piece in pieces(text, sentence_bounds(text)):
        rows = list(range(0, len(piece.sentences), 2))
        found = clause_text(piece, rows)
        assert sum(len(clause) for clause in found.text_clauses) == len(found.text)
        for clause, copy in zip(found.clauses, found.text_clauses, strict=True):
            words = found.text[copy.start : copy.end]
            assert words in (piece.text[clause.start : clause.end] + end for end in ("", "\n"))


# Voice cues


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ('He said "no way" and left.', ["no way"]),
        ("She said: “It’s over”, and «so what».", ["It’s over", "so what"]),
        ("The guild's men don't call it 'our fault' at all.", ["our fault"]),
        ("They called it ‘a hoax’.", ["a hoax"]),
        ("“We carry on\n“and on”, she said.", ["We carry on", "and on"]),
        ('It was the \'90s, and he said "no".', ["no"]),
        ("He said \"I read 'it' once\".", ["I read 'it' once"]),
        ("The soldiers' tents, \"all of them", ["all of them"]),
        ("Nothing here”.", []),
        ('An empty "" one', []),
    ],
)
def test_quoted_stretches(text, quoted):
    assert [text[span.start : span.end] for span in quoted_stretches(text)] == quoted


@given(PROSE.filter(bool), st.data())
def test_share_in_quotation_marks_is_the_share_of_quoted_characters(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    span = Span(start, data.draw(st.integers(start + 1, len(text))))
    inside = {i for found in quoted_stretches(text) for i in range(found.start, found.end)}
    slow = sum(i in inside for i in range(span.start, span.end)) / len(span)
    assert Quotations.of(text).share([span])[0] == pytest.approx(slow)


def test_cues_of_a_span():
    text = 'Rain.\n"We won," he said, then left.'
    sentence_span, span = Span(6, len(text)), Span(7, 14)
    cues = voice_cues(text, Quotations.of(text), [span, Span(27, 31)], [sentence_span] * 2)
    assert dict(zip(CUES, cues[0], strict=True)) == pytest.approx(
        {
            "share of the span in quotation marks": 1,
            "share of the sentence in quotation marks": 7 / 29,  # "We won," of 29 characters
            "the paragraph opens with a quotation mark": 1,
            "a speech verb in the sentence": 1,
            "a speech verb before the span": 0,
        }
    )
    assert cues[1].tolist() == pytest.approx([0, 7 / 29, 1, 1, 1])


# Fitting and scoring


def test_training_and_scoring_see_the_same_numbers(fitted):
    weights = fitted[0].weights
    found = samples(DEV, TAXONOMY)
    matrix = sentence_matrix(found, weights.vocabulary)
    scored = np.concatenate([read_piece(sample.piece, weights).logits for sample in found])
    trained = matrix @ weights.sentence.weights + weights.sentence.bias
    np.testing.assert_allclose(scored, trained, rtol=1e-4, atol=1e-5)


def test_clause_targets_are_the_clauses_that_half_lie_in_a_span():
    text = "We know that the mill is safe, and rain fell."
    #       0       8                     30
    span = LabelledSpan(13, 29, "denial", "own")  # "the mill is safe"
    found = samples([LabelledDocument(Document("d", text), (span,))], TAXONOMY)
    vocabulary = fit_vocabulary([])
    matrix, belongs, holds = clause_matrix(found, vocabulary, TAXONOMY)
    # "We know ", "that the mill is safe, ", "and rain fell."
    assert matrix.shape == (3, 0)
    assert belongs.tolist() == [[False] * 3, [True, False, False], [False] * 3]
    assert holds[:, 0].all()
    assert not holds[:, 1:].any()


def test_planted_devices_are_found_with_their_voices(classifier):
    hits = misses = 0
    for gold in [labelled(index) for index in range(100, 124)]:
        scored = classifier.predict(gold.document)
        assert {span.device for span in scored.spans} == {span.device for span in gold.spans}
        for span in gold.spans:
            matched = [s for s in scored.spans if 2 * s.overlap(span) >= len(span)]
            assert matched
            hits += matched[0].voice == span.voice
            misses += matched[0].voice != span.voice
    assert hits > 4 * misses


def test_spans_stay_inside_a_sentence_and_do_not_overlap(classifier):
    text = "\n".join(labelled(index).document.text for index in range(20))
    scored = classifier.predict(text)
    assert scored.sentences == sentence_bounds(text)
    assert len(scored.spans) > 10
    for span in (*scored.spans, *scored.uncertain):
        assert any(s.start <= span.start and span.end <= s.end for s in scored.sentences)
        assert scored.quote(span) == scored.quote(span).strip(' "“”,.')
        assert 0 <= span.score <= 1
        assert 1 / 3 <= span.voice_score <= 1  # the likeliest of three voices
    for device in TAXONOMY.device_names:
        found = sorted(s for s in (*scored.spans, *scored.uncertain) if s.device == device)
        assert all(left.end <= right.start for left, right in pairwise(found))


def test_a_long_text_is_scored_to_its_end_like_its_parts(classifier):
    lead, tail = labelled(100).document.text, labelled(101).document.text
    filler = "The market opens at nine on Monday.\n" * (2 * PIECE_CHARACTERS // 36)
    scored = classifier.predict(lead + filler + tail)
    found = {(scored.quote(span), span.device) for span in scored.spans}
    alone = [classifier.predict(text) for text in (lead, tail)]
    assert found == {(part.quote(span), span.device) for part in alone for span in part.spans}
    assert max(span.start for span in scored.spans) > len(lead + filler)


def test_a_document_scores_higher_where_a_sentence_holds_the_device(classifier):
    with_denial, neutral = (classifier.predict(labelled(i).document) for i in (101, 103))
    assert with_denial.device_scores["denial"] > 0.5 > neutral.device_scores["denial"]


def test_raw_score_of_a_document_is_the_norm_of_its_sentences_odds():
    # Odds 3 and 4 make 5; the text without a sentence comes out below every other.
    logits = np.log(np.array([[3.0], [4.0]], dtype=np.float32))
    assert document_raw(squared_odds(logits))[0] == pytest.approx(math.log(5))
    assert document_raw(np.zeros(1))[0] == pytest.approx(math.log(1e-9))


@pytest.mark.parametrize("text", ["", " \n\n ", "…", "\U0001f30a", "x" * 50_000, "İ\ud800"])
def test_odd_texts_are_scored_without_a_span(classifier, text):
    scored = classifier.predict(text)
    assert scored.spans == ()
    assert all(0 <= score <= 1 for score in scored.device_scores.values())
    assert list(scored.device_scores) == list(TAXONOMY.device_names)


def test_a_device_without_examples_is_never_found(classifier, fitted):
    assert fitted[0].weights.sentence.bias[2] == -10
    for gold in DEV:
        scored = classifier.predict(gold.document)
        assert "absent" not in {span.device for span in (*scored.spans, *scored.uncertain)}


def test_threads_and_order_do_not_change_scores(classifier):
    documents = [gold.document for gold in DEV]
    alone = list(classifier.score_documents(documents))
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(classifier.predict, documents)) == alone


def test_documents_are_scored_as_they_come(classifier):
    def stream():
        yield Document("first", "Rain fell.")
        raise RuntimeError("read ahead")

    assert next(classifier.score_documents(stream())).document.doc_id == "first"


def test_explanation_adds_up_to_the_log_odds_of_the_sentence(classifier):
    text = "The mayor rejected the findings as invented and false."
    (piece,) = pieces(text, sentence_bounds(text))
    weights = classifier.weights
    logit = read_piece(piece, weights).logits[0, 0] - weights.sentence.bias[0]
    found = classifier.explain(Document("d", text), "denial", limit=10_000)
    assert sum(weight for *_, weight in found) == pytest.approx(logit, rel=1e-4)
    assert all(text[start:end] == words for words, start, end, _ in found)
    sizes = [abs(weight) for *_, weight in found]
    assert sizes == sorted(sizes, reverse=True)
    assert classifier.explain(Document("d", text), "denial", limit=3) == found[:3]


def test_explaining_an_unknown_device_is_a_usage_error(classifier):
    with pytest.raises(UsageError, match=r"irony: unknown device\. Expected one of: denial, blame"):
        classifier.explain(Document("d", "Rain."), "irony")


def test_progress_and_record_tell_what_was_tried(fitted):
    model, lines = fitted
    assert lines[0].startswith("60 documents to train on, 40 to tune on, ")
    assert any(line.startswith("denial: overlap F1 ") for line in lines)
    tried = model.settings["dev_average_precision"]
    assert tried["denial: C 3"] == pytest.approx(1, abs=0.1)  # the devices are planted
    assert len(tried) == 3 * 4
    assert set(model.settings["dev_overlap_f1"]) == set(TAXONOMY.device_names)
    for limits in model.thresholds.values():
        assert 0 < limits.uncertain < limits.report <= 1


def test_the_same_seed_gives_the_same_files(fitted, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    names = fitted[0].save(tmp_path / "one")
    assert fit_tfidf(TRAIN, DEV, TAXONOMY, 7, str).save(tmp_path / "two") == names
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def renamed(gold: LabelledDocument, voices: dict[str, str]) -> LabelledDocument:
    spans = tuple(replace(span, voice=voices[span.voice]) for span in gold.spans)
    return LabelledDocument(gold.document, spans)


@pytest.mark.parametrize(
    "voices",
    [
        {"own": "theirs", "quoted": "ours", "reported": "theirs"},
        {"own": "ours", "quoted": "ours", "reported": "ours"},
    ],
)
def test_any_number_of_voices_will_do(voices, tmp_path):
    other = taxonomy(["blame", "denial"], ["nobody", "ours", "theirs"])
    train, dev = ([renamed(gold, voices) for gold in split] for split in (TRAIN, DEV))
    model = fit_tfidf(train, dev, other, 1, str)
    classifier = load_tfidf(tmp_path, saved(model, tmp_path))
    spans = [span for gold in dev for span in classifier.predict(gold.document).spans]
    assert {span.voice for span in spans} == set(voices.values())


def test_scoring_imports_neither_scikit_learn_nor_scipy(fitted, tmp_path):
    saved(fitted[0], tmp_path)
    script = (
        "import sys; from framing.scoring import load;"
        f"load({str(tmp_path)!r}).predict('These claims are baseless and false.');"
        "print(sorted({'sklearn', 'scipy', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


# Files


@pytest.mark.parametrize("name", ["weights.safetensors", "model.json"])
@pytest.mark.parametrize("content", [None, b"{"])
def test_a_missing_or_damaged_file_is_a_model_error(fitted, tmp_path, name, content):
    manifest = saved(fitted[0], tmp_path)
    (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name}: missing or damaged: .* Get the model again"):
        load_tfidf(tmp_path, manifest)


def test_weights_of_another_taxonomy_are_a_model_error(fitted, tmp_path):
    manifest = saved(fitted[0], tmp_path)
    other = msgspec.structs.replace(manifest, taxonomy=taxonomy(["denial"], ["own"]))
    with pytest.raises(ModelError, match="devices or voices differ from those of the manifest"):
        load_tfidf(tmp_path, other)


def test_weights_of_a_wrong_shape_are_a_model_error(fitted, tmp_path):
    model = fitted[0]
    cut = replace(model, weights=replace(model.weights, cue=model.weights.cue[:2]))
    manifest = saved(cut, tmp_path)
    with pytest.raises(ModelError, match=r"cue has shape \(2, 3\), expected \(5, 3\)"):
        load_tfidf(tmp_path, manifest)


@pytest.mark.parametrize("arrays", [{}, {"buckets": np.array([2**18]), "idf": np.ones(1)}])
def test_weights_without_an_array_or_with_a_wild_bucket_are_a_model_error(fitted, tmp_path, arrays):
    manifest = saved(fitted[0], tmp_path)
    save_file(arrays, tmp_path / "weights.safetensors")
    with pytest.raises(ModelError, match=r"weights\.safetensors: missing or damaged: "):
        load_tfidf(tmp_path, manifest)
