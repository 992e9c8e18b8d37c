"""A corpus on disk for tests: source texts, label rows, splits."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from framing.corpus import (
    LabelRow,
    ManifestRow,
    SpanRow,
    write_labels,
    write_manifest,
    write_splits,
)
from framing.spans import text_sha256
from framing.taxonomy import Taxonomy

DEVICES = {"blame_shifting": "B", "foreignising": "F", "denial": "D", "sourcing_appeal": "S"}
TAXONOMY_FILE = "\n".join(
    [
        'labels_version = "0.1.0"',
        'codebook_version = "1.0"',
        *(
            f'[[devices]]\nname = "{name}"\ntitle = "{name}"\nletter = "{letter}"\n'
            'colour = "#000000"\ndefinition = ""'
            for name, letter in DEVICES.items()
        ),
        *(
            f'[[voices]]\nname = "{name}"\ntitle = "{name}"\ndefinition = ""'
            for name in ("own", "quoted", "reported")
        ),
    ]
)
TAXONOMY = msgspec.convert(tomllib.loads(TAXONOMY_FILE), Taxonomy)


class CorpusFiles:
    """A folder with `labels` and `seeds` that grows document by document."""

    def __init__(self, root: Path) -> None:
        self.labels, self.seeds = root / "labels", root / "seeds"
        self.labels.mkdir(parents=True)
        self.seeds.mkdir(parents=True)
        (self.labels / "taxonomy.toml").write_text(TAXONOMY_FILE, encoding="utf-8")
        self.manifest: dict[str, ManifestRow] = {}
        self.rows: dict[str, LabelRow] = {}
        self.splits: dict[str, str] = {}

    def add(
        self,
        doc_id: str,
        text: str,
        *spans: tuple[str, str, str],
        collection: str = "authored",
        split: str = "train",
        **fields: str | None,
    ) -> None:
        """Add a document; each span is (device, voice, words that stand in the text once)."""
        authored = collection == "authored"
        setting = fields.setdefault("setting", "harbour") if authored else None
        path = f"authored/{setting}/{doc_id}.txt" if authored else None
        if path:
            (self.seeds / path).parent.mkdir(parents=True, exist_ok=True)
            (self.seeds / path).write_text(text, encoding="utf-8", newline="")
        self.manifest[doc_id] = ManifestRow(
            doc_id=doc_id,
            collection=collection,
            path=path,
            sha256=text_sha256(text),
            n_characters=len(text),
            obtain=None if authored else "Ask its organisers.",
            **fields,
        )
        self.rows[doc_id] = LabelRow(
            doc_id=doc_id,
            sha256=text_sha256(text),
            annotators=("ann",),
            adjudicated=False,
            codebook_version="1.0",
            spans=tuple(
                SpanRow(
                    text.index(words),
                    text.index(words) + len(words),
                    device,
                    voice,
                    words if authored else None,
                )
                for device, voice, words in spans
            ),
        )
        self.splits[doc_id] = split

    def write(self) -> tuple[Path, Path]:
        """Write manifest, labels and splits, and return the two folders."""
        write_manifest(self.seeds / "manifest.jsonl", self.manifest.values())
        for collection in sorted({row.collection for row in self.manifest.values()}):
            rows = [
                row
                for doc_id, row in self.rows.items()
                if self.manifest[doc_id].collection == collection
            ]
            write_labels(self.labels / "spans" / f"{collection}.jsonl", rows)
        write_splits(self.labels / "splits.json", 2026, self.splits)
        return self.labels, self.seeds
