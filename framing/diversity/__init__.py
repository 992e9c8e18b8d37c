"""Measured checks: whether documents of a corpus repeat themselves or give their labels away."""

from framing.diversity.findings import Findings, measured_findings
from framing.diversity.markup import leftover_markup
from framing.diversity.measures import authored_figures, figures_at_hand

__all__ = [
    "Findings",
    "authored_figures",
    "figures_at_hand",
    "leftover_markup",
    "measured_findings",
]
