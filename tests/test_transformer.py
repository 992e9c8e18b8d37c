from __future__ import annotations

import logging
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from corpus_files import TAXONOMY
from tiny_encoder import CUE_SENTENCES, CUES, SPECIAL, tiny_settings, write_base_model

from framing.corpus import Corpus
from framing.errors import ModelError
from framing.spans import Document, LabelledDocument, LabelledSpan
from framing.taxonomy import Device, Taxonomy

torch = pytest.importorskip("torch")
transformer = pytest.importorskip("framing.transformer")
export = pytest.importorskip("framing.export")

pytestmark = pytest.mark.slow

Floats = npt.NDArray[np.float32]
INTERRUPTED_AT = 70  # optimizer steps: some epochs, and a piece of one
TEXT = f"Workers met near a bridge. {CUE_SENTENCES[0]} Ships left early. {CUE_SENTENCES[1]}"


class Fit(NamedTuple):
    """A fitted network, its tokenizer, and how many steps the optimizer took."""

    network: Any
    tokenizer: Any
    n_steps: int


@contextmanager
def counted_steps(interrupt_at: int = 0) -> Iterator[Callable[[], int]]:
    """Yield a function that tells the optimizer's steps so far; Ctrl-C comes after one of them."""
    from torch.optim.optimizer import register_optimizer_step_post_hook

    n_steps = 0

    def count(*_: object) -> None:
        nonlocal n_steps
        n_steps += 1
        if n_steps == interrupt_at:
            raise KeyboardInterrupt

    handle = register_optimizer_step_post_hook(count)
    try:
        yield lambda: n_steps
    finally:
        handle.remove()


def fit(
    base_model: Path,
    corpus: Corpus,
    checkpoints: Path,
    seed: int = 3,
    interrupt_at: int = 0,
    **settings: float,
) -> Fit:
    with counted_steps(interrupt_at) as n_steps:
        network, tokenizer = transformer.fit_transformer(
            [transformer.LabelSet(corpus.split("train"), corpus.taxonomy)],
            corpus.split("dev"),
            tiny_settings(base_model, **settings),
            seed,
            checkpoints,
        )
    return Fit(network, tokenizer, n_steps())


@pytest.fixture(scope="module")
def fitted(
    base_model: Path, made_up_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory
) -> Fit:
    """What was fitted on the made-up corpus in one go."""
    return fit(base_model, made_up_corpus, tmp_path_factory.mktemp("fitted") / "checkpoints")


def batch(tokenizer, *texts: str):
    """Ids and attention mask of texts with their special tokens, padded."""
    rows = [tokenizer.encode(text).ids for text in texts]
    longest = max(map(len, rows))
    ids = np.array([row + [0] * (longest - len(row)) for row in rows], dtype=np.int64)
    mask = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in rows], dtype=np.int64)
    return ids, mask


def torch_probabilities(network, ids, mask) -> Floats:
    exported = export.ExportedNetwork(network).eval()
    with torch.no_grad():
        return exported(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()


def probabilities(fit: Fit) -> Floats:
    return torch_probabilities(fit.network, *batch(fit.tokenizer, TEXT))


def test_the_same_seed_gives_the_same_network(
    fitted: Fit, base_model: Path, made_up_corpus: Corpus, tmp_path: Path
) -> None:
    again = fit(base_model, made_up_corpus, tmp_path / "checkpoints")
    np.testing.assert_array_equal(probabilities(again), probabilities(fitted))


def test_another_seed_gives_another_network(
    fitted: Fit, base_model: Path, made_up_corpus: Corpus, tmp_path: Path
) -> None:
    other = fit(base_model, made_up_corpus, tmp_path / "checkpoints", seed=4)
    assert np.abs(probabilities(other) - probabilities(fitted)).max() > 1e-3


def test_training_writes_nothing_to_standard_output(
    base_model: Path, made_up_corpus: Corpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(base_model, made_up_corpus, tmp_path / "checkpoints", epochs=1)
    assert capsys.readouterr().out == ""


def test_a_dev_split_without_a_span_does_not_stop_training(
    base_model: Path, made_up_corpus: Corpus, tmp_path: Path
) -> None:
    corpus = replace(
        made_up_corpus,
        documents=tuple(
            replace(labelled, spans=())
            if made_up_corpus.splits[labelled.document.doc_id] == "dev"
            else labelled
            for labelled in made_up_corpus.documents
        ),
    )
    found = fit(base_model, corpus, tmp_path / "checkpoints", epochs=1)
    assert np.isfinite(probabilities(found)).all()


def interrupt(base_model: Path, corpus: Corpus, checkpoints: Path) -> None:
    """Train until an interrupt in the middle."""
    with pytest.raises(KeyboardInterrupt):
        fit(base_model, corpus, checkpoints, interrupt_at=INTERRUPTED_AT)


def test_an_interrupted_training_goes_on_and_ends_as_if_it_had_not_been(
    fitted: Fit, base_model: Path, made_up_corpus: Corpus, tmp_path: Path
) -> None:
    n_epoch = fitted.n_steps // 12
    assert n_epoch < INTERRUPTED_AT < fitted.n_steps
    interrupt(base_model, made_up_corpus, tmp_path)
    resumed = fit(base_model, made_up_corpus, tmp_path)
    # Only the epoch that was cut off is done again.
    assert resumed.n_steps == fitted.n_steps - INTERRUPTED_AT // n_epoch * n_epoch
    np.testing.assert_array_equal(probabilities(resumed), probabilities(fitted))


def test_a_checkpoint_that_was_cut_off_while_it_was_written_is_passed_over(
    fitted: Fit, base_model: Path, made_up_corpus: Corpus, tmp_path: Path
) -> None:
    interrupt(base_model, made_up_corpus, tmp_path)
    half = tmp_path / f"checkpoint-{INTERRUPTED_AT}"
    half.mkdir()
    shutil.copy(next(tmp_path.glob("checkpoint-*/model.safetensors")), half)
    resumed = fit(base_model, made_up_corpus, tmp_path)
    np.testing.assert_array_equal(probabilities(resumed), probabilities(fitted))


@pytest.fixture(scope="module")
def exported(fitted: Fit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the fitted network as ONNX: whole.onnx, and int8.onnx."""
    folder = tmp_path_factory.mktemp("exported")
    export.export_onnx(fitted.network, folder / "whole.onnx")
    export.quantise(folder / "whole.onnx", folder / "int8.onnx")
    return folder


def onnx_probabilities(path: Path, ids, mask) -> Floats:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(["probabilities"], {"input_ids": ids, "attention_mask": mask})
    return found


@pytest.mark.parametrize(
    "texts", [[TEXT], [TEXT, "Rain fell.", CUES[0]], ["a"]], ids=["one", "padded", "short"]
)
def test_the_exported_network_gives_the_probabilities_of_torch(
    fitted: Fit, exported: Path, texts: list[str]
) -> None:
    ids, mask = batch(fitted.tokenizer, *texts)
    expected = torch_probabilities(fitted.network, ids, mask)
    found = onnx_probabilities(exported / "whole.onnx", ids, mask)
    assert found.shape == (*ids.shape, 4 + 3)
    assert found.dtype == np.float32
    kept = mask > 0  # what stands at padding is never read
    assert np.abs(found - expected)[kept].max() <= 1e-4
    assert (
        np.abs(onnx_probabilities(exported / "int8.onnx", ids, mask) - expected)[kept].max() < 0.1
    )


def test_the_8_bit_network_is_smaller_and_both_are_one_file(exported: Path) -> None:
    assert sorted(path.name for path in exported.iterdir()) == ["int8.onnx", "whole.onnx"]
    whole, int8 = ((exported / name).stat().st_size for name in ("whole.onnx", "int8.onnx"))
    assert int8 < whole


def test_devices_are_judged_apart_and_voices_against_each_other(fitted: Fit) -> None:
    found = probabilities(fitted)
    assert ((found >= 0) & (found <= 1)).all()
    np.testing.assert_allclose(found[..., 4:].sum(axis=-1), 1, atol=1e-5)
    assert np.abs(found[..., :4].sum(axis=-1) - 1).max() > 0.1


def test_exporting_leaves_logging_as_it_was(
    exported: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    export.quantise(exported / "whole.onnx", tmp_path / "int8.onnx")
    assert logging.getLogger().level == logging.INFO
    assert caplog.messages == []


@pytest.mark.parametrize("kind", ["distilbert"])
def test_encoders_of_other_families_are_fitted_too(
    made_up_corpus: Corpus, tmp_path: Path, kind: str
) -> None:
    base_model = write_base_model(tmp_path / kind, kind)
    found = fit(base_model, made_up_corpus, tmp_path / "checkpoints", epochs=1)
    assert probabilities(found).shape[-1] == 4 + 3


def labelled(text: str, *spans: tuple[int, int, str, str]) -> LabelledDocument:
    return LabelledDocument(Document("a", text), tuple(LabelledSpan(*span) for span in spans))


def label_set(*documents: LabelledDocument, taxonomy: Taxonomy = TAXONOMY) -> Any:
    return transformer.LabelSet(documents, taxonomy)


BOATS = Taxonomy(
    labels_version="1",
    codebook_version="1",
    devices=(Device("boat", "Boat", "B", "#000000", "A ship."),),
    voices=TAXONOMY.voices,
)


def test_a_text_of_two_label_sets_is_one_example_with_the_targets_of_both(base_model: Path) -> None:
    tokenizer = transformer.load_tokenizer(str(base_model))
    ours = label_set(labelled("Ships left early", (6, 10, "denial", "quoted")))
    theirs = label_set(
        labelled("Rain again"), labelled("Ships left early", (0, 5, "boat", "own")), taxonomy=BOATS
    )
    settings = tiny_settings(base_model)
    both, rain = transformer.encode_windows([ours, theirs], tokenizer, settings)
    assert both["device_labels"].argmax(axis=0).tolist() == [0, 0, 2, 0, 1]
    assert both["known"].tolist() == [1, 1, 1, 1, 1]
    assert rain["known"].tolist() == [0, 0, 0, 0, 1]
    judged = transformer.collate([both, rain])["judged"]
    assert judged.sum(dim=1).tolist() == [[3] * 5, [0, 0, 0, 0, 2]]


def test_auxiliary_labels_teach_the_encoder_and_leave_no_output(
    fitted: Fit, base_model: Path, made_up_corpus: Corpus, tmp_path: Path
) -> None:
    theirs = label_set(labelled("Rain again", (0, 4, "boat", "own")), taxonomy=BOATS)
    network, tokenizer = transformer.fit_transformer(
        [transformer.LabelSet(made_up_corpus.split("train"), made_up_corpus.taxonomy), theirs],
        made_up_corpus.split("dev"),
        tiny_settings(base_model, epochs=1),
        3,
        tmp_path / "checkpoints",
    )
    found = probabilities(Fit(network, tokenizer, 0))
    assert found.shape == probabilities(fitted).shape


def test_an_example_has_targets_on_its_tokens_and_none_on_the_special_ones(
    base_model: Path,
) -> None:
    tokenizer = transformer.load_tokenizer(str(base_model))
    settings = tiny_settings(base_model)
    document = labelled("Ships left early", (6, 10, "denial", "quoted"))
    (example,) = transformer.encode_windows([label_set(document)], tokenizer, settings)
    assert example["input_ids"].tolist() == tokenizer.encode("Ships left early").ids
    # [CLS] ships left early [SEP]; 'denial' is the third device, 'quoted' the second voice
    assert example["device_labels"][:, 2].tolist() == [0, 0, 1, 0, 0]
    assert example["device_labels"].sum() == 1
    assert example["voice_labels"].tolist() == [-100, -100, 1, -100, -100]


def test_a_long_document_becomes_several_windows_and_an_empty_one_none(base_model: Path) -> None:
    tokenizer = transformer.load_tokenizer(str(base_model))
    settings = tiny_settings(base_model)
    documents = [labelled("rain " * 100), labelled("")]
    examples = transformer.encode_windows([label_set(*documents)], tokenizer, settings)
    assert len(examples) >= 3
    assert max(len(example["input_ids"]) for example in examples) <= settings.window


def test_a_batch_judges_neither_padding_nor_special_tokens(base_model: Path) -> None:
    tokenizer = transformer.load_tokenizer(str(base_model))
    documents = [labelled("Ships left early", (0, 5, "denial", "own")), labelled("Rain")]
    settings = tiny_settings(base_model)
    examples = transformer.encode_windows([label_set(*documents)], tokenizer, settings)
    found = transformer.collate(examples)
    n_rain = len(examples[1]["input_ids"]) - 2
    assert found["attention_mask"].tolist()[0] == [1, 1, 1, 1, 1]
    assert found["judged"].sum(dim=1).tolist() == [[3] * 4, [n_rain] * 4]
    assert found["device_labels"].shape == (2, 5, 4)
    assert found["device_labels"].sum() == 1
    assert (found["voice_labels"] != -100).sum() == 1


def test_special_tokens_are_those_that_the_tokenizer_puts_around_a_text(base_model: Path) -> None:
    tokenizer = transformer.load_tokenizer(str(base_model))
    assert transformer.special_ids(tokenizer) == (SPECIAL.index("[CLS]"), SPECIAL.index("[SEP]"))


def test_the_tokenizer_cuts_and_pads_nothing(base_model: Path) -> None:
    tokenizer = transformer.load_tokenizer(str(base_model))
    encodings = tokenizer.encode_batch(["rain " * 5000, "rain"])
    assert [len(encoding.ids) for encoding in encodings] == [5002, 3]


def without(folder: Path, name: str) -> None:
    (folder / name).unlink()


def cut(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("damage", "name"),
    [(without, "config.json"), (without, "model.safetensors"), (without, "tokenizer.json"),
     (cut, "config.json"), (cut, "model.safetensors"), (cut, "tokenizer.json")],
)  # fmt: skip
def test_a_damaged_base_model_is_one_line(
    base_model: Path, tmp_path: Path, damage: Callable[[Path, str], None], name: str
) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(base_model, folder)
    damage(folder, name)
    load = transformer.load_tokenizer if "tokenizer" in name else transformer.load_encoder
    with pytest.raises(ModelError, match="damaged: ") as error:
        load(str(folder))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["no/such-model", "/no/such/folder", "no-such-model"])
def test_a_base_model_that_is_not_at_hand_is_one_line(name: str) -> None:
    with pytest.raises(ModelError, match=f"{name}: base model cannot be loaded .*") as error:
        transformer.load_encoder(name)
    assert "\n" not in str(error.value)


def test_no_code_of_a_base_model_is_run(base_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    shutil.copytree(base_model, folder)
    (folder / "evil.py").write_text("import sys\nsys.evil = True\n", encoding="utf-8")
    config = (folder / "config.json").read_text(encoding="utf-8")
    config = config.replace('"model_type": "bert"', '"model_type": "evil"').replace(
        "{", '{"auto_map": {"AutoConfig": "evil.EvilConfig", "AutoModel": "evil.EvilModel"},', 1
    )
    (folder / "config.json").write_text(config, encoding="utf-8")
    with pytest.raises(ModelError, match="base model cannot be loaded"):
        transformer.load_encoder(str(folder))
    assert not hasattr(sys, "evil")
