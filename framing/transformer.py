"""Fine-tuning an encoder on spans; with `export` the only home of torch and transformers.

The network has one sigmoid a device at each token, so that devices may overlap, and a second head
that tells the voice.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    Trainer,
    TrainingArguments,
    set_seed,
)
from transformers.trainer_utils import EvalPrediction

from framing.encoding import (
    NO_VOICE,
    Tokens,
    device_targets,
    tokenize,
    voice_targets,
    window_bounds,
)
from framing.errors import ModelError
from framing.sentences import sentence_bounds
from framing.spans import LabelledDocument
from framing.taxonomy import Taxonomy

RARE_LOGIT = -3.0  # few tokens carry a device: the heads start from there
TRAINING_OVERLAP = 32  # less than in scoring: shared tokens are trained on twice
# What families of encoders call their inner dropout.
DROPOUTS = (
    "attention_probs_dropout_prob",
    "attention_dropout",
    "hidden_dropout_prob",
    "embedding_dropout",
    "mlp_dropout",
    "dropout",
)


@dataclass(frozen=True, kw_only=True)
class TransformerSettings:
    """How a transformer is trained.

    Attributes:
        base_model: a Hugging Face encoder, by name or folder.
        window: tokens of a window, special tokens included.
        overlap: tokens that neighbouring windows share when a text is scored.
        head_learning_rate: of the two heads, which start from nothing.
        voice_weight: weight of the voice loss beside the device loss.
        auxiliary_weight: weight of the loss of an auxiliary device beside that of a device.
    """

    base_model: str
    epochs: float = 6
    learning_rate: float = 1e-4
    head_learning_rate: float = 2e-3
    batch_size: int = 16
    window: int = 256
    overlap: int = 64
    voice_weight: float = 0.1
    auxiliary_weight: float = 0.3
    weight_decay: float = 0.01
    warmup: float = 0.1
    dropout: float = 0.1


@dataclass(frozen=True)
class LabelSet:
    """Documents labelled by one taxonomy."""

    documents: Sequence[LabelledDocument]
    taxonomy: Taxonomy


class SpanNetwork(nn.Module):
    """An encoder with two heads: devices by sigmoid, voices by softmax, at every token.

    While it is trained the first head may have further outputs, for auxiliary devices.
    """

    device_weights: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        n_devices: int,
        n_voices: int,
        settings: TransformerSettings,
        n_auxiliary: int = 0,
    ) -> None:
        super().__init__()
        width: int = encoder.config.hidden_size  # type: ignore[union-attr, assignment]
        self.encoder = encoder
        self.dropout = nn.Dropout(settings.dropout)
        self.devices = nn.Linear(width, n_devices + n_auxiliary)
        self.voices = nn.Linear(width, n_voices)
        self.voice_weight = settings.voice_weight
        weights = [1.0] * n_devices + [settings.auxiliary_weight] * n_auxiliary
        self.register_buffer("device_weights", torch.tensor(weights), persistent=False)
        nn.init.constant_(self.devices.bias, RARE_LOGIT)

    def drop_auxiliary(self, n_devices: int) -> None:
        """Throw away the outputs after those of the first `n_devices`."""
        head = nn.Linear(self.devices.in_features, n_devices)
        with torch.no_grad():
            head.weight.copy_(self.devices.weight[:n_devices])
            head.bias.copy_(self.devices.bias[:n_devices])
        self.devices = head

    def logits(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of devices and of voices, each (batch, length, n)."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        hidden = self.dropout(hidden)
        return self.devices(hidden), self.voices(hidden)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        device_labels: Tensor,
        voice_labels: Tensor,
        judged: Tensor,
    ) -> dict[str, Tensor]:
        """Return the loss and the device logits of a batch.

        Args:
            input_ids: (batch, length).
            attention_mask: (batch, length), 0 at padding.
            device_labels: (batch, length, n_devices), 0 or 1; auxiliary devices are the last.
            voice_labels: (batch, length), NO_VOICE outside spans.
            judged: (batch, length, n_devices), 0 at padding and special tokens, and where the
                document has no labels of the device's taxonomy.
        """
        devices, voices = self.logits(input_ids, attention_mask)
        each = nn.functional.binary_cross_entropy_with_logits(
            devices.float(), device_labels, reduction="none"
        )
        n_tokens = judged.amax(dim=-1).sum().clamp(min=1)
        loss = (each * judged * self.device_weights).sum() / n_tokens
        voiced = voice_labels.ne(NO_VOICE)
        if bool(voiced.any()):
            loss = loss + self.voice_weight * nn.functional.cross_entropy(
                voices.float()[voiced], voice_labels[voiced]
            )
        return {"loss": loss, "logits": devices.float()}


def load_tokenizer(base_model: str) -> Tokenizer:
    """Return the fast tokenizer of a base model, without truncation and padding.

    Raises:
        ModelError: if the model is not at hand or has no fast tokenizer.
    """
    fast = load_pretrained(AutoTokenizer, base_model)
    if not getattr(fast, "is_fast", False):
        raise ModelError(
            f"{base_model}: has no fast tokenizer. Expected one with a tokenizer.json."
        )
    tokenizer: Tokenizer = fast.backend_tokenizer
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def load_pretrained(kind: Any, base_model: str, **options: Any) -> Any:
    """Load something of a base model by one of transformers' auto classes; no code of it is run.

    Raises:
        ModelError: if it is not at hand.
    """
    try:
        return kind.from_pretrained(base_model, trust_remote_code=False, **options)
    except (OSError, ValueError, SafetensorError) as error:
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"{base_model}: base model cannot be loaded ({first_line}). "
            "Expected the folder of a Hugging Face encoder, or a name in the cache or on the hub."
        ) from error


def load_encoder(base_model: str) -> nn.Module:
    """Return the encoder of a base model, without dropout inside.

    Dropout on the attention bars the fused attention of torch: with it a training step on a CPU
    took 3.5 times as long; that on the hidden states cost another third. The heads have their own.

    Raises:
        ModelError: if the model is not at hand.
    """
    config = load_pretrained(AutoConfig, base_model)
    for name in DROPOUTS:
        if hasattr(config, name):
            setattr(config, name, 0.0)
    encoder: nn.Module = load_pretrained(AutoModel, base_model, config=config)
    return encoder


def special_ids(tokenizer: Tokenizer) -> tuple[int, int]:
    """Return the ids that stand before and after a text (CLS and SEP, or their like)."""
    ids = tokenizer.encode("a").ids
    return ids[0], ids[-1]


def encode_windows(
    label_sets: Sequence[LabelSet], tokenizer: Tokenizer, settings: TransformerSettings
) -> list[dict[str, Any]]:
    """Return training examples: one a window, as arrays.

    Args:
        label_sets: the first gives devices and voices, the others auxiliary devices. A text that
            several have labelled is learned from once, with the labels of all.
        tokenizer: without truncation and padding.
        settings: for the length of a window.
    """
    first, last = special_ids(tokenizer)
    examples = []
    for text, parts in _by_text(label_sets).items():
        tokens = tokenize(text, sentence_bounds(text), tokenizer)
        devices, known = _device_columns(tokens, parts, label_sets)
        spans = () if parts[0] is None else parts[0].spans
        voices = voice_targets(tokens, spans, label_sets[0].taxonomy)
        for window in window_bounds(len(tokens), settings.window - 2, TRAINING_OVERLAP):
            part = slice(window.start, window.end)
            examples.append(
                {
                    "input_ids": np.concatenate([[first], tokens.ids[part], [last]]),
                    "device_labels": np.pad(devices[part], ((1, 1), (0, 0))),
                    "voice_labels": np.pad(voices[part], 1, constant_values=NO_VOICE),
                    "known": known,
                }
            )
    return examples


def _by_text(label_sets: Sequence[LabelSet]) -> dict[str, list[LabelledDocument | None]]:
    """Return for each text its document in each label set; None where a set has not labelled it."""
    texts: dict[str, list[LabelledDocument | None]] = {}
    for index, label_set in enumerate(label_sets):
        for labelled in label_set.documents:
            parts = texts.setdefault(labelled.document.text, [None] * len(label_sets))
            parts[index] = labelled
    return texts


def _device_columns(
    tokens: Tokens, parts: Sequence[LabelledDocument | None], label_sets: Sequence[LabelSet]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the targets of all taxonomies' devices, (n_tokens, n), and which are known, (n,)."""
    targets, known = [], []
    for labelled, label_set in zip(parts, label_sets, strict=True):
        spans = () if labelled is None else labelled.spans
        targets.append(device_targets(tokens, spans, label_set.taxonomy))
        known.append(np.full(len(label_set.taxonomy.devices), labelled is not None))
    return np.concatenate(targets, axis=1), np.concatenate(known).astype(np.float32)


def collate(examples: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
    """Return a batch padded to its longest example."""
    longest = max(len(example["input_ids"]) for example in examples)

    def padded(key: str, fill: int) -> Tensor:
        rows = []
        for example in examples:
            values = example[key]
            widths = [(0, longest - len(values)), *[(0, 0)] * (values.ndim - 1)]
            rows.append(np.pad(values, widths, constant_values=fill))
        return torch.from_numpy(np.stack(rows))

    lengths = torch.tensor([len(example["input_ids"]) for example in examples])
    positions = torch.arange(longest)
    mask = (positions < lengths[:, None]).long()
    inner = ((positions > 0) & (positions < lengths[:, None] - 1)).float()
    known = torch.from_numpy(np.stack([example["known"] for example in examples]))
    return {
        "input_ids": padded("input_ids", 0).long(),
        "attention_mask": mask,
        "device_labels": padded("device_labels", 0).float(),
        "voice_labels": padded("voice_labels", NO_VOICE).long(),
        "judged": inner[:, :, None] * known[:, None, :],
    }


def token_precision(prediction: EvalPrediction) -> dict[str, float]:
    """Return the average precision over tokens, mean of the devices that occur."""
    from sklearn.metrics import average_precision_score

    scores, (labels, judged) = prediction.predictions, prediction.label_ids
    judged = judged > 0  # the trainer fills batches up with -100
    devices = judged.any(axis=(0, 1))  # without the auxiliary ones
    kept = judged.any(axis=-1)
    gold, predicted = labels[kept][:, devices], scores[kept][:, devices]
    present = gold.any(axis=0)
    if not present.any():
        return {"average_precision": 0.0}
    value = average_precision_score(gold[:, present], predicted[:, present])
    return {"average_precision": float(value)}


def fit_transformer(
    train: Sequence[LabelSet],
    dev: Sequence[LabelledDocument],
    settings: TransformerSettings,
    seed: int,
    checkpoints: Path,
) -> tuple[SpanNetwork, Tokenizer]:
    """Fine-tune a base model; the epoch with the best token average precision on dev is kept.

    An interrupted run goes on from the last checkpoint in `checkpoints`.

    Args:
        train: the label set to learn, and auxiliary ones: what they teach of a text helps the
            encoder, and their own outputs are thrown away.
        dev: documents labelled by the taxonomy of the first.
        settings: how to train.
        seed: of all chance.
        checkpoints: folder of this very run.

    Raises:
        ModelError: if the base model cannot be loaded.
    """
    set_seed(seed)
    tokenizer = load_tokenizer(settings.base_model)
    encoder = load_encoder(settings.base_model)
    taxonomy = train[0].taxonomy
    n_auxiliary = sum(len(label_set.taxonomy.devices) for label_set in train[1:])
    network = SpanNetwork(
        encoder, len(taxonomy.devices), len(taxonomy.voices), settings, n_auxiliary
    )
    judged = [LabelSet(dev, taxonomy), *(LabelSet((), each.taxonomy) for each in train[1:])]
    trainer = Trainer(
        model=network,
        args=_arguments(settings, seed, checkpoints),
        train_dataset=encode_windows(train, tokenizer, settings),
        eval_dataset=encode_windows(judged, tokenizer, settings),
        data_collator=collate,
        compute_metrics=token_precision,
        optimizers=(_optimizer(network, settings), None),
    )
    with contextlib.redirect_stdout(sys.stderr):  # where the library prints its losses
        trainer.train(resume_from_checkpoint=_last_checkpoint(checkpoints))
    network.drop_auxiliary(len(taxonomy.devices))
    return network.cpu().eval(), tokenizer


def _last_checkpoint(folder: Path) -> str | None:
    """Return the newest checkpoint that was written to its end, None where there is none."""
    written = [file.parent for file in folder.glob("checkpoint-*/trainer_state.json")]
    newest = max(written, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
    return None if newest is None else str(newest)


def _optimizer(network: SpanNetwork, settings: TransformerSettings) -> torch.optim.AdamW:
    heads = [*network.devices.parameters(), *network.voices.parameters()]
    return torch.optim.AdamW(
        [
            {"params": list(network.encoder.parameters()), "lr": settings.learning_rate},
            {"params": heads, "lr": settings.head_learning_rate},
        ],
        weight_decay=settings.weight_decay,
        fused=True,
    )


def _arguments(settings: TransformerSettings, seed: int, checkpoints: Path) -> TrainingArguments:
    on_gpu = torch.cuda.is_available()
    return TrainingArguments(
        output_dir=str(checkpoints),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=2 * settings.batch_size,
        warmup_steps=settings.warmup,
        lr_scheduler_type="linear",
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model="average_precision",
        label_names=["device_labels", "judged"],
        logging_strategy="epoch",
        seed=seed,
        data_seed=seed,
        use_cpu=not on_gpu,
        bf16=on_gpu or has_fast_bfloat16(),
        remove_unused_columns=False,
        report_to="none",
        dataloader_pin_memory=on_gpu,
    )


def has_fast_bfloat16() -> bool:
    """Return whether the processor multiplies bfloat16 matrices in hardware (AMX or AVX-512)."""
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())
