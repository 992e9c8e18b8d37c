"""Splits: which documents train, which choose thresholds, which judge."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping

from framing.corpus import AUTHORED, Corpus
from framing.diversity.measures import unpaired_duplicates
from framing.errors import LabelsError
from framing.rows import SPLIT_NAMES, setting_slug

FRACTIONS = {"test": 0.15, "dev": 0.13}
"""Share of a collection's documents in each split, in the order of filling; the rest is train."""


def assign_splits(
    groups: Mapping[str, tuple[str, str]],
    fixed: Mapping[str, str],
    fractions: Mapping[str, float],
    seed: int,
) -> dict[str, str]:
    """Assign each document to a split, whole groups at a time.

    The groups of each collection are shuffled; test is filled to its share of the documents, then
    dev; train takes the rest. A document that is assigned stays, and the rest of its group follows.

    Args:
        groups: for each document id its collection and its group.
        fixed: splits of documents that are assigned already.
        fractions: share in [0, 1] of each split but train, in the order of filling.
        seed: of the shuffle.

    Returns:
        For each document id of `groups` its split.

    Raises:
        LabelsError: if members of one group are assigned to different splits.
    """
    members: dict[str, dict[str, list[str]]] = {}
    for doc_id, (collection, group) in sorted(groups.items()):
        members.setdefault(collection, {}).setdefault(group, []).append(doc_id)
    splits: dict[str, str] = {}
    for collection, by_group in members.items():
        chosen = _fixed_groups(collection, by_group, fixed)
        open_groups = sorted(by_group.keys() - chosen.keys())
        random.Random(f"{seed}-{collection}").shuffle(open_groups)  # noqa: S311
        n_documents = sum(map(len, by_group.values()))
        for name, fraction in fractions.items():
            n_filled = sum(len(by_group[group]) for group in chosen if chosen[group] == name)
            while open_groups and n_filled < fraction * n_documents:
                chosen[open_groups[0]] = name
                n_filled += len(by_group[open_groups.pop(0)])
        for group, doc_ids in by_group.items():
            splits |= dict.fromkeys(doc_ids, chosen.get(group, "train"))
    return dict(sorted(splits.items()))


def split_groups(corpus: Corpus) -> dict[str, tuple[str, str]]:
    """Return for each labelled document its collection and its group.

    Authored documents of one setting are a group; so are other documents of one contrast pair, or
    of the same text. Near-duplicates of one collection share a group, too.
    """
    groups: dict[str, tuple[str, str]] = {}
    first_of_text: dict[str, str] = {}
    for doc_id in sorted(corpus.rows):
        source = corpus.manifest[doc_id]
        setting = setting_slug(source.setting) if source.setting else None
        own_group = source.pair or first_of_text.setdefault(source.sha256, doc_id)
        groups[doc_id] = (
            source.collection,
            (setting or own_group) if source.collection == AUTHORED else own_group,
        )
    for pair in unpaired_duplicates(corpus):
        kept, merged = groups[pair.first], groups[pair.second]
        if kept[0] == merged[0]:
            groups = {doc_id: kept if each == merged else each for doc_id, each in groups.items()}
    return groups


def count_splits(corpus: Corpus, splits: Mapping[str, str]) -> list[tuple[str, *tuple[int, ...]]]:
    """Return for each collection its name and the number of its documents in each split."""
    counts = Counter((corpus.manifest[d].collection, name) for d, name in splits.items())
    collections = sorted({collection for collection, _ in counts})
    return [(each, *(counts[each, name] for name in SPLIT_NAMES)) for each in collections]


def _fixed_groups(
    collection: str, by_group: Mapping[str, list[str]], fixed: Mapping[str, str]
) -> dict[str, str]:
    chosen: dict[str, str] = {}
    problems = []
    for group, doc_ids in sorted(by_group.items()):
        names = sorted({fixed[doc_id] for doc_id in doc_ids if doc_id in fixed})
        if len(names) > 1:
            problems.append(
                f"{collection}: group {group!r} is in {' and '.join(names)}. Keep it in one split."
            )
        elif names:
            chosen[group] = names[0]
    if problems:
        raise LabelsError(problems)
    return chosen
