from __future__ import annotations

from collections import Counter

import pytest
from corpus_files import CorpusFiles
from hypothesis import given
from hypothesis import strategies as st

from framing.corpus import read_corpus
from framing.errors import LabelsError
from framing.splits import FRACTIONS, assign_splits, count_splits, split_groups

# 40 settings of 3 documents, and 20 documents alone.
GROUPS = {f"a-{i:02}-{j}": ("authored", f"setting-{i:02}") for i in range(40) for j in range(3)}
GROUPS |= {f"w-{i:02}": ("wire", f"w-{i:02}") for i in range(20)}


def test_each_collection_is_filled_to_its_shares():
    splits = assign_splits(GROUPS, {}, FRACTIONS, 2026)
    counts = Counter((GROUPS[doc_id][0], name) for doc_id, name in splits.items())
    # Of 120: 15 % are 18, 6 groups; 13 % are 15.6, so 6 groups again. Of 20: 3, and 2.6, so 3.
    assert counts == {
        ("authored", "test"): 18,
        ("authored", "dev"): 18,
        ("authored", "train"): 84,
        ("wire", "test"): 3,
        ("wire", "dev"): 3,
        ("wire", "train"): 14,
    }


def test_the_split_depends_on_the_seed_and_not_on_order():
    splits = assign_splits(GROUPS, {}, FRACTIONS, 1)
    assert splits == assign_splits(dict(reversed(GROUPS.items())), {}, FRACTIONS, 1)
    assert splits != assign_splits(GROUPS, {}, FRACTIONS, 2)


def test_one_collection_does_not_move_another():
    alone = {doc_id: group for doc_id, group in GROUPS.items() if group[0] == "wire"}
    splits = assign_splits(GROUPS, {}, FRACTIONS, 1)
    assert assign_splits(alone, {}, FRACTIONS, 1).items() <= splits.items()


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=3),
        st.tuples(st.sampled_from("ab"), st.sampled_from("pqrstuvw")),
        max_size=30,
    ),
    st.integers(),
)
def test_a_group_is_never_divided(groups, seed):
    splits = assign_splits(groups, {}, FRACTIONS, seed)
    assert splits.keys() == groups.keys()
    assert len({(groups[doc_id], name) for doc_id, name in splits.items()}) == len(
        set(groups.values())
    )


def test_an_assigned_document_stays_and_its_group_follows():
    fixed = {"a-00-1": "dev", "w-03": "test"}
    splits = assign_splits(GROUPS, fixed, FRACTIONS, 7)
    assert {splits[f"a-00-{j}"] for j in range(3)} == {"dev"}
    assert splits["w-03"] == "test"
    # The assigned ones count towards the shares.
    assert Counter(splits[doc_id] for doc_id in GROUPS if doc_id[0] == "w")["test"] == 3


def test_a_whole_assignment_stays_as_it_is():
    splits = assign_splits(GROUPS, {}, FRACTIONS, 7)
    assert assign_splits(GROUPS, splits, FRACTIONS, 8) == splits


def test_a_group_that_is_divided_already_is_an_error():
    fixed = {"a-00-1": "dev", "a-00-2": "test"}
    with pytest.raises(LabelsError, match="authored: group 'setting-00' is in dev and test"):
        assign_splits(GROUPS, fixed, FRACTIONS, 7)


def test_documents_of_a_setting_a_pair_or_a_text_are_a_group(tmp_path):
    files = CorpusFiles(tmp_path)
    files.add("quay-1", "One.", setting="Quay fire")
    files.add("quay-2", "Two.", setting="Quay fire", pair="p", split="dev")
    files.add("wire-1", "Three.", collection="wire", setting="Quay fire")
    files.add("wire-2", "Four.", collection="wire", pair="q")
    files.add("wire-3", "Three.", collection="wire")
    corpus = read_corpus(*files.write())
    assert split_groups(corpus) == {
        "quay-1": ("authored", "quay-fire"),
        "quay-2": ("authored", "quay-fire"),
        "wire-1": ("wire", "wire-1"),
        "wire-2": ("wire", "q"),
        "wire-3": ("wire", "wire-1"),
    }
    assert count_splits(corpus, corpus.splits) == [("authored", 1, 1, 0), ("wire", 3, 0, 0)]


def test_near_duplicates_are_a_group(tmp_path):
    files = CorpusFiles(tmp_path)
    text = "The quay burned all night and nobody came to put it out before the morning tide."
    files.add("a-1", text, setting="Quay fire")
    files.add("a-2", "Another thing.", setting="Quay fire")
    files.add("b-1", f"{text} Again.", setting="Old news")
    files.add("b-2", "A third thing.", setting="Old news")
    files.add("c-1", "Nothing like it.", setting="Market day")
    groups = split_groups(read_corpus(*files.write()))
    assert {groups[doc_id] for doc_id in ("a-1", "a-2", "b-1", "b-2")} == {groups["a-1"]}
    assert groups["c-1"] != groups["a-1"]
