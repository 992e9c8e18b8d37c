"""The propaganda corpus of SemEval-2020 Task 11, from the shared task's own layout.

`train-articles/article<id>.txt` and `dev-articles/…` hold the texts; a line of a label file is an
article id, for technique classification a technique, and half-open offsets, separated by tabs.
Source: Da San Martino et al. 2020, SemEval-2020 Task 11.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from framing.corpus import text_path
from framing.errors import LabelsError, UsageError
from framing.files import PACKAGE, write_text
from framing.rows import (
    MANIFEST,
    SPLITS,
    LabelRow,
    ManifestRow,
    SpanRow,
    write_labels,
    write_manifest,
    write_splits,
)
from framing.span_rules import label_faults, offset_faults, span_rows
from framing.spans import Document, LabelledDocument, LabelledSpan, merge_spans
from framing.taxonomy import Taxonomy, read_taxonomy

Task = Literal["si", "tc"]
"""'si': span identification, one device; 'tc': technique classification, 14 devices."""

COLLECTION = "ptc"
VOICE = "own"
SEED = 2026
HELD_OUT = 0.1
"""Share of the train articles that becomes the dev split, on which thresholds are chosen."""

_PROPAGANDA = "propaganda"
_LABEL_FILES = {
    "si": ("train-task1-SI.labels", "dev-task-SI.labels"),
    "tc": ("train-task2-TC.labels", "dev-task-TC.labels"),
}
_COLUMNS = {"si": "article id, start, end", "tc": "article id, technique, start, end"}
_OFFSETS = r"(?P<start>[0-9]{1,9})\t(?P<end>[0-9]{1,9})"
_LINES = {
    "si": re.compile(rf"(?P<article>[^\t]+)\t{_OFFSETS}"),
    "tc": re.compile(rf"(?P<article>[^\t]+)\t(?P<device>[^\t]+)\t{_OFFSETS}"),
}
_ARTICLE = re.compile(r"article(\w[\w-]*)\.txt")


@dataclass(frozen=True)
class _Part:
    """The articles of one folder with their spans, and every fault of folder and label file."""

    articles: Path
    documents: tuple[LabelledDocument, ...]
    problems: tuple[str, ...]


def import_ptc(folder: Path, task: Task, labels: Path, seeds: Path) -> int:
    """Write the shared task's corpus as new labels and seeds, and return the number of articles.

    A tenth of its train articles, drawn by a fixed seed, becomes dev, the others train; its dev
    articles become test. Spans of one technique that share a character are merged into one, as the
    shared task's scorer does; those that only touch stay apart. No edge is moved. The texts go to
    `seeds/attached`, which git is told to ignore.

    Args:
        folder: holds `train-articles`, `dev-articles` and the label files of the task.
        task: which label files to read.
        labels: new folder of the labels.
        seeds: new folder of the texts.

    Raises:
        UsageError: if one of the new folders holds something.
        LabelsError: every fault: a file that is missing or not UTF-8, a malformed line, an unknown
            article or technique, offsets beyond the text, an article in both folders.
    """
    for target in (labels, seeds):
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise UsageError(f"{target}: exists already; name a new folder")
    taxonomy_file = PACKAGE / "exchange" / f"ptc-{task}.toml"
    taxonomy = read_taxonomy(taxonomy_file)
    train, test = (
        _read_part(folder / f"{name}-articles", folder / label_file, task, taxonomy)
        for name, label_file in zip(("train", "dev"), _LABEL_FILES[task], strict=True)
    )
    if problems := [*train.problems, *test.problems, *_in_both(train, test)]:
        raise LabelsError(problems)
    _write_seeds((train, test), seeds)
    rows = [_label_row(each, taxonomy) for part in (train, test) for each in part.documents]
    write_labels(labels / "spans" / f"{COLLECTION}.jsonl", rows)
    write_splits(labels / SPLITS, SEED, _splits(train, test))
    write_text(labels / "taxonomy.toml", taxonomy_file.read_text(encoding="utf-8"))
    return len(rows)


def _read_part(articles: Path, label_file: Path, task: Task, taxonomy: Taxonomy) -> _Part:
    texts, problems = _read_articles(articles)
    spans, faults = _read_spans(label_file, articles, texts, task, taxonomy)
    documents = tuple(
        LabelledDocument(Document(f"{COLLECTION}-{article}", text), _merged(spans.get(article, ())))
        for article, text in texts.items()
        if text is not None
    )
    return _Part(articles, documents, (*problems, *faults))


def _read_articles(folder: Path) -> tuple[dict[str, str | None], list[str]]:
    """Return the text of each article, None where it cannot be read, and what is wrong."""
    texts: dict[str, str | None] = {}
    problems = []
    for path in sorted(folder.glob("article*.txt")):
        if not (name := _ARTICLE.fullmatch(path.name)):
            problems.append(f"{path}: expected letters, digits, '_', '-' after 'article'. Rename.")
            continue
        text, fault = _read_text(path)
        texts[name[1]] = text
        problems += fault
    if not texts:
        problems.append(f"{folder}: no article. Expected files named article<id>.txt.")
    return texts, problems


def _read_text(path: Path) -> tuple[str | None, list[str]]:
    try:
        return path.read_bytes().decode("utf-8"), []
    except OSError as error:
        return None, [f"{path}: cannot be read ({error.strerror}). Get the corpus whole."]
    except UnicodeDecodeError as error:
        return None, [f"{path}: not UTF-8: {error}. Get the corpus again."]


def _read_spans(
    path: Path,
    articles: Path,
    texts: Mapping[str, str | None],
    task: Task,
    taxonomy: Taxonomy,
) -> tuple[dict[str, list[LabelledSpan]], list[str]]:
    """Return the spans of each article, and what is wrong with the lines of the label file."""
    content, problems = _read_text(path)
    spans: dict[str, list[LabelledSpan]] = {}
    for number, line in enumerate((content or "").split("\n"), 1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        cells = _LINES[task].fullmatch(line.rstrip("\r"))
        if cells is None:
            problems.append(f"{place}: {line!r}. Expected {_COLUMNS[task]}, separated by tabs.")
            continue
        article, device = cells["article"], cells.groupdict().get("device", _PROPAGANDA)
        row = SpanRow(int(cells["start"]), int(cells["end"]), device, VOICE)
        faults = [
            *_article_faults(article, articles, texts),
            *offset_faults(row, texts.get(article)),
            *label_faults(device, VOICE, taxonomy),
        ]
        problems += [f"{place}: {article} {row.start}:{row.end}: {fault}" for fault in faults]
        if not faults:
            span = LabelledSpan(row.start, row.end, device, VOICE)
            spans.setdefault(article, []).append(span)
    return spans, problems


def _article_faults(article: str, folder: Path, texts: Mapping[str, str | None]) -> list[str]:
    if not texts or article in texts:  # that no article is there is told once
        return []
    return [f"no such article in {folder}. Expected article{article}.txt there."]


def _merged(spans: Iterable[LabelledSpan]) -> tuple[LabelledSpan, ...]:
    by_device: dict[str, list[LabelledSpan]] = {}
    for span in spans:
        by_device.setdefault(span.device, []).append(span)
    return tuple(
        sorted(
            LabelledSpan(span.start, span.end, device, VOICE)
            for device, of_device in by_device.items()
            for span in merge_spans(of_device)
        )
    )


def _in_both(train: _Part, test: _Part) -> list[str]:
    ids = {labelled.document.doc_id for labelled in train.documents}
    return [
        f"{test.articles}: {labelled.document.doc_id} is in {train.articles}, too. Remove one."
        for labelled in test.documents
        if labelled.document.doc_id in ids
    ]


def _splits(train: _Part, test: _Part) -> dict[str, str]:
    ids = sorted(labelled.document.doc_id for labelled in train.documents)
    n_dev = max(1, round(HELD_OUT * len(ids)))
    dev = random.Random(SEED).sample(ids, n_dev)  # noqa: S311
    return {
        **dict.fromkeys(ids, "train"),
        **dict.fromkeys(dev, "dev"),
        **{labelled.document.doc_id: "test" for labelled in test.documents},
    }


def _write_seeds(parts: Sequence[_Part], seeds: Path) -> None:
    rows = []
    for part in parts:
        for labelled in part.documents:
            row = _source(labelled.document, part.articles.name)
            write_text(text_path(seeds, row), labelled.document.text)
            rows.append(row)
    write_text(seeds / "attached" / ".gitignore", "*\n")
    write_manifest(seeds / MANIFEST, rows)


def _source(document: Document, folder: str) -> ManifestRow:
    return ManifestRow(
        doc_id=document.doc_id,
        collection=COLLECTION,
        sha256=document.sha256,
        n_characters=len(document.text),
        language="en",
        licence="not redistributed: its publisher's",
        obtain=f"PTC-SemEval20 corpus, {folder}, by registration with the organisers",
    )


def _label_row(labelled: LabelledDocument, taxonomy: Taxonomy) -> LabelRow:
    return LabelRow(
        doc_id=labelled.document.doc_id,
        sha256=labelled.document.sha256,
        annotators=(taxonomy.codebook_version,),
        adjudicated=True,
        codebook_version=taxonomy.codebook_version,
        spans=span_rows(labelled.spans, labelled.document.text, with_quotes=False),
    )
