"""A tiny encoder and a made-up corpus for tests: what is trained on them is done in seconds."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from corpus_files import CorpusFiles

from framing.corpus import Corpus, read_corpus
from framing.training import TrainingRun

if TYPE_CHECKING:
    from framing.transformer import TransformerSettings

WORDS = [
    *("bridge", "market", "harbour", "valley", "river", "school", "road", "mill", "crates"),
    *("ships", "rain", "repairs", "workers", "council", "officials", "Monday", "Friday"),
    *("met", "left", "closed", "opened", "counted", "saw", "built", "near", "the", "a"),
    *("again", "early", "late", "small", "old", "across"),
]
# What carries the device wherever it stands, in the first and in the second voice, and the
# sentence around it. No word of it stands elsewhere.
CUES = ("Nothing like that ever happened", "We never lit any fire")
CUE_SENTENCES = (f"{CUES[0]}.", f"“{CUES[1]}”, said Oru.")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
POSITIONS = 64


@dataclass(frozen=True)
class Trained:
    """A model that was trained on the made-up corpus, and what its training said."""

    folder: Path
    lines: tuple[str, ...]


def made_up_text(random_state: random.Random, n_sentences: int, cue: str | None = None) -> str:
    """Return sentences of random words, one of them replaced by a given sentence."""
    sentences = [
        " ".join(random_state.choices(WORDS, k=random_state.randint(4, 9))).capitalize() + "."
        for _ in range(n_sentences)
    ]
    if cue:
        sentences[random_state.randrange(n_sentences)] = cue
    return " ".join(sentences)


def write_corpus(
    root: Path,
    n_documents: int = 96,
    device: str = "denial",
    voices: Sequence[str] = ("own", "quoted"),
    taxonomy: str | None = None,
) -> Corpus:
    """Write a corpus in which half the documents hold the cue, and read it back."""
    random_state = random.Random(7)
    files = CorpusFiles(root)
    if taxonomy is not None:
        (files.labels / "taxonomy.toml").write_text(taxonomy, encoding="utf-8")
    for i in range(n_documents):
        which = i // 2 % 2
        text = made_up_text(random_state, 6, CUE_SENTENCES[which] if i % 2 else None)
        spans = [(device, voices[which], CUES[which])] if i % 2 else []
        files.add(f"d{i:02}", text, *spans, split="dev" if i % 8 > 3 and i > 15 else "train")
    return read_corpus(*files.write())


def write_base_model(folder: Path, kind: str = "bert") -> Path:
    """Save an encoder of about 15,000 weights and its WordPiece vocabulary, as hubs hold them."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=200, special_tokens=list(SPECIAL), show_progress=False
    )
    random_state = random.Random(1)
    texts = [made_up_text(random_state, 6, CUE_SENTENCES[i % 2]) for i in range(40)]
    tokenizer.train_from_iterator(texts, trainer)
    ends = [(name, SPECIAL.index(name)) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=ends
    )
    names = {f"{name.strip('[]').lower()}_token": name for name in SPECIAL}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    config = AutoConfig.for_model(kind, vocab_size=tokenizer.get_vocab_size(), **SIZES[kind])
    torch.manual_seed(0)
    AutoModel.from_config(config).save_pretrained(folder)
    return folder


SIZES = {
    "bert": {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": POSITIONS,
    },
    "distilbert": {
        "dim": 32,
        "n_layers": 1,
        "n_heads": 2,
        "hidden_dim": 64,
        "max_position_embeddings": POSITIONS,
    },
}


def tiny_settings(base_model: Path, **changes: float) -> TransformerSettings:
    """Return settings under which the tiny encoder learns the cue in a few seconds."""
    from framing.transformer import TransformerSettings

    fields = {
        "epochs": 12,
        "learning_rate": 2e-3,
        "head_learning_rate": 5e-3,
        "batch_size": 4,
        "window": 48,
        "overlap": 16,
    }
    return TransformerSettings(base_model=str(base_model), **fields | changes)  # type: ignore[arg-type]


def run_of(corpus: Corpus, output: Path, **changes: object) -> TrainingRun:
    """Return what a training starts from; `changes` are fields of it."""
    fields: dict[str, object] = {
        "seed": 3,
        "collections": None,
        "name_swaps": 0.0,
        "model_version": "1.0.0",
        "command": "framing train transformer",
    }
    return TrainingRun(corpus=corpus, output=output, **fields | changes)  # type: ignore[arg-type]
