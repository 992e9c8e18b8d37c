"""Name swaps: a document with its invented names replaced by those of others, spans in place.

A model that has learned the device, not the nation, gives the swapped document the same spans.
"""

from __future__ import annotations

import random
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate, chain
from pathlib import Path

import msgspec

from framing.corpus import Corpus
from framing.rows import Name
from framing.spans import LabelledDocument

NATIONS = Path(__file__).with_name("nations.toml")
_KINDS = {
    "country": ("country", "nation", "state", "kingdom", "republic"),
    "people": ("people", "ethnic group"),
    "place": ("place", "city", "town", "village", "region", "district", "river", "province"),
    "person": ("person",),
    "group": ("group", "organisation", "party", "body", "union"),
    "outlet": ("outlet", "journal"),
    "company": ("company", "brand"),
    "club": ("club", "team"),
}
"""Kinds of names that may stand for one another, by the word that the manifest has for them."""
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words}

NameBank = Mapping[str, Sequence[Name]]
"""Names to draw from, by kind; the forms of each."""


@cache
def real_nations() -> tuple[Name, ...]:
    """Return real nations of all regions, each with noun, adjective, plural and person."""
    rows = msgspec.toml.decode(NATIONS.read_bytes(), type=dict[str, dict[str, str]])
    return tuple(Name(noun, "country", {"noun": noun, **forms}) for noun, forms in rows.items())


def name_bank(names: Iterable[Name]) -> NameBank:
    """Return names by kind, the forms of a name gathered from all its occurrences."""
    gathered: dict[tuple[str, str], dict[str, str]] = {}
    for name in names:
        if name.kind in _KIND_OF:
            gathered.setdefault((_KIND_OF[name.kind], name.name), {}).update(name.forms)
    bank: dict[str, list[Name]] = {}
    for (kind, noun), forms in sorted(gathered.items()):
        bank.setdefault(kind, []).append(Name(noun, kind, _with_derived(forms)))
    return bank


def corpus_name_bank(corpus: Corpus) -> NameBank:
    """Return real nations and the names that the manifest lists for the train split, by kind."""
    sources = (corpus.manifest[each.document.doc_id] for each in corpus.split("train"))
    return name_bank([*real_nations(), *chain.from_iterable(row.names for row in sources)])


def draw_swaps(names: Iterable[Name], bank: NameBank, rng: random.Random) -> dict[str, str]:
    """Choose another name of its kind for each name of a document.

    A name gets one that has all its forms, and no two get the same one. A name that holds another
    one ("Radio Ilvaka") gets none of its own: the name inside it is swapped. A name stays where
    the bank has nothing for its kind and forms.

    Returns:
        For each form of a swapped name the words that take its place.
    """
    listed = [name for name in names if name.kind in _KIND_OF]
    taken = {name.name for name in listed}
    swaps: dict[str, str] = {}
    for name in listed:
        if any(other is not name and _holds(name, other) for other in listed):
            continue
        fitting = [
            other
            for other in bank.get(_KIND_OF[name.kind], ())
            if other.name not in taken and name.forms.keys() <= other.forms.keys()
        ]
        if fitting:
            chosen = rng.choice(fitting)
            taken.add(chosen.name)
            swaps |= {words: chosen.forms[form] for form, words in name.forms.items()}
    return swaps


def swap_names(labelled: LabelledDocument, swaps: Mapping[str, str]) -> LabelledDocument:
    """Return a document with words replaced wherever they stand alone, and its spans in place.

    Of two forms that could stand at one place the longer one is taken. "a" and "an" before a
    replaced word follow its sound. A span that starts or ends inside a replaced word takes the
    whole of it.
    """
    edits = _edits(labelled.document.text, swaps)
    shift = _Shift(edits)
    text = shift.apply(labelled.document.text)
    spans = tuple(
        replace(span, start=shift.start(span.start), end=shift.end(span.end))
        for span in labelled.spans
    )
    title = labelled.document.title
    if title is not None:
        title = _Shift(_edits(title, swaps)).apply(title)
    return replace(
        labelled, document=replace(labelled.document, text=text, title=title), spans=spans
    )


def swapped_documents(
    corpus: Corpus, documents: Iterable[LabelledDocument], share: float, seed: int
) -> list[LabelledDocument]:
    """Return the documents, a share of those with listed names under other names.

    The names come from real nations and from the documents of the train split.

    Args:
        corpus: whose manifest lists the names.
        documents: of the corpus.
        share: probability in [0, 1] that a document with names is swapped.
        seed: of the choice; a document's swap does not depend on the other documents.
    """
    bank = corpus_name_bank(corpus)
    result = []
    for labelled in documents:
        doc_id = labelled.document.doc_id
        rng = random.Random(f"{seed} {doc_id}")  # noqa: S311
        if rng.random() < share:
            swaps = draw_swaps(corpus.manifest[doc_id].names, bank, rng)
            labelled = swap_names(labelled, swaps)
        result.append(labelled)
    return result


@dataclass(frozen=True)
class _Edit:
    """Characters `start` to `end` of a text become `words`."""

    start: int
    end: int
    words: str


class _Shift:
    """Where each character of a text lies after edits that do not overlap, in order of place."""

    def __init__(self, edits: Sequence[_Edit]) -> None:
        self._edits = edits
        self._starts = [edit.start for edit in edits]
        grown = (len(edit.words) - (edit.end - edit.start) for edit in edits)
        self._grown = [0, *accumulate(grown)]

    def apply(self, text: str) -> str:
        parts, end = [], 0
        for edit in self._edits:
            parts += [text[end : edit.start], edit.words]
            end = edit.end
        return "".join([*parts, text[end:]])

    def start(self, place: int) -> int:
        """Return where a span begins that began at `place`."""
        n_before = bisect_right(self._starts, place)
        inside = n_before and place < self._edits[n_before - 1].end
        if inside:
            return self._starts[n_before - 1] + self._grown[n_before - 1]
        return place + self._grown[n_before]

    def end(self, place: int) -> int:
        """Return where a span ends that ended at `place`."""
        n_before = bisect_right(self._starts, place - 1)
        if n_before and place <= self._edits[n_before - 1].end:
            return self._edits[n_before - 1].end + self._grown[n_before]
        return place + self._grown[n_before]


def _with_derived(forms: Mapping[str, str]) -> dict[str, str]:
    """Return forms with those that follow from the noun: capitals, and a person's surname."""
    derived = dict(forms)
    noun = forms.get("noun")
    if noun is not None:
        derived.setdefault("upper", noun.upper())
        derived.setdefault("surname", noun.split()[-1])
    return derived


def _holds(name: Name, other: Name) -> bool:
    """Return whether a form of a name contains a form of another as whole words."""
    return any(
        mine != theirs and re.search(_alone(theirs), mine)
        for mine in name.forms.values()
        for theirs in other.forms.values()
    )


def _alone(words: str) -> str:
    return rf"(?<!\w){re.escape(words)}(?!\w)"


def _edits(text: str, swaps: Mapping[str, str]) -> list[_Edit]:
    if not swaps:
        return []
    longest_first = sorted(swaps, key=lambda form: (-len(form), form))
    words = "|".join(map(re.escape, longest_first))
    pattern = re.compile(rf"(?:(?<!\w)(?P<article>[Aa]n?)\s+)?(?<!\w)(?P<form>{words})(?!\w)")
    edits = []
    for match in pattern.finditer(text):
        new = swaps[match["form"]]
        if match["article"]:
            article = match["article"][0] + ("n" if new[0] in "aeiouAEIOU" else "")
            edits.append(_Edit(*match.span("article"), article))
        edits.append(_Edit(*match.span("form"), new))
    return edits
