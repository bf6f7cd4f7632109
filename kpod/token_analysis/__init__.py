"""What token weights say: by unit of text, between two sets of weights, and over the whole corpus. No torch.

Plain arrays and texts in, arrays and frames out; the pages, the figures and a notebook use the same functions.
"""

from kpod.token_analysis.alignment import Agreement, Pieces, agreement, aligned_pieces, same_tokens, visible_spans
from kpod.token_analysis.classes import CLASSES, number_spans, token_class
from kpod.token_analysis.concordance import Occurrences, find_occurrences, in_context
from kpod.token_analysis.corpus import (
    Vocabulary,
    correlation,
    frequency_bins,
    mean_weights_by_kind,
    read_vocabulary,
    rows_of_places,
    word_weights,
)
from kpod.token_analysis.units import AGGREGATES, GRANULARITIES, aggregate, units_of

__all__ = [
    "AGGREGATES",
    "CLASSES",
    "GRANULARITIES",
    "Agreement",
    "Occurrences",
    "Pieces",
    "Vocabulary",
    "aggregate",
    "agreement",
    "aligned_pieces",
    "correlation",
    "find_occurrences",
    "frequency_bins",
    "in_context",
    "mean_weights_by_kind",
    "number_spans",
    "read_vocabulary",
    "rows_of_places",
    "same_tokens",
    "token_class",
    "units_of",
    "visible_spans",
    "word_weights",
]
