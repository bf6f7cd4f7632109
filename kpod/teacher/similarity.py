"""Pairs of near-identical texts: exact Jaccard similarity of their character 5-grams, found without comparing all.

A pair at or above the threshold t shares at least one of the (1 - t) * n + 1 rarest 5-grams of its shorter text
(prefix filtering, Bayardo et al., "Scaling up all pairs similarity search", WWW 2007), so only texts that share a
rare 5-gram are compared, and none is missed.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

GRAM = 5  # characters
NOT_WORDS = re.compile(r"[\W_]+")


def normalised(text: str) -> str:
    """Words and numbers in lower case with one space between them: what is left when only the typing differs.

    A point or comma inside a number stays a space: "1,250" and "1 250" are one text, "12.5" and "125" two.
    """
    return NOT_WORDS.sub(" ", text.casefold()).strip()


def similar_pairs(
    texts: Sequence[str], threshold: float = 0.9, num_left: int | None = None
) -> list[tuple[int, int, float]]:
    """(i, j, similarity) of every pair i < j of `texts` with a similarity in [threshold, 1], by j, then i.

    num_left: compare only pairs of which i is among the first so many texts and j is not (two sets, one after the
    other). Texts are compared as `normalised`; two that are empty then are no pair.
    """
    assert 0 < threshold <= 1, threshold
    grams = [_grams(normalised(text)) for text in texts]
    rarity = Counter(gram for each in grams for gram in each)
    postings: dict[str, list[int]] = defaultdict(list)
    pairs = []
    for j, own in enumerate(grams):
        prefix = _prefix(own, rarity, threshold)
        is_right = num_left is None or j >= num_left
        candidates = {i for gram in prefix for i in postings.get(gram, ())} if is_right else ()
        for i in sorted(candidates):
            similarity = _jaccard(own, grams[i], threshold)
            if similarity >= threshold:
                pairs.append((i, j, similarity))
        if num_left is None or j < num_left:
            for gram in prefix:
                postings[gram].append(j)
    return pairs


def _grams(text: str) -> frozenset[str]:
    if not text:
        return frozenset()
    return frozenset(text[start : start + GRAM] for start in range(max(1, len(text) - GRAM + 1)))


def _prefix(grams: Iterable[str], rarity: Counter[str], threshold: float) -> list[str]:
    ordered = sorted(grams, key=lambda gram: (rarity[gram], gram))
    # A similarity of t needs an overlap of at least t * n grams: without all but that many, none is left to share.
    return ordered[: len(ordered) - math.ceil(threshold * len(ordered) - 1e-9) + 1]


def _jaccard(one: frozenset[str], other: frozenset[str], threshold: float) -> float:
    """|A and B| / |A or B|; 0 where the sizes alone keep it below the threshold."""
    small, large = sorted((len(one), len(other)))
    if small < threshold * large:
        return 0.0
    shared = len(one & other)
    return shared / (small + large - shared)
