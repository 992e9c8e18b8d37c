from __future__ import annotations

from pathlib import Path

import pytest

from framing.errors import ModelError

pytest.importorskip("transformers")
pipeline_peer = pytest.importorskip("framing.pipeline_peer")
pytestmark = pytest.mark.slow


def test_every_text_gets_an_answer_however_long(base_model: Path) -> None:
    peer = pipeline_peer.PipelinePeer(str(base_model), 48, 16)
    assert peer.classify(["Ships left early. " * 100, "Rain."], 2) == 2


def test_a_missing_encoder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none: base model cannot be loaded \(.+\)\."):
        pipeline_peer.PipelinePeer(str(tmp_path / "none"), 48, 16)
