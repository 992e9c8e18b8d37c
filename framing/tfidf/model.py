"""The fitted baseline: its weights, how it reads a text, and its files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from framing.decoding import Candidate, snap
from framing.errors import ModelError
from framing.files import write_bytes, write_text
from framing.spans import Span
from framing.tfidf.ngrams import (
    BUCKET_BITS,
    F32,
    I64,
    LONGEST,
    Features,
    Mask,
    NGrams,
    Vocabulary,
    count_ngrams,
)
from framing.tfidf.pieces import Piece, clause_text
from framing.tfidf.voice_cues import CUES, Quotations, voice_cues
