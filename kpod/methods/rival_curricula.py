"""Rival curricula in the place of KPOD's schedule, with its token weights or with the plain loss.

`kpod+NAME` is a row of the paper's second table: KPOD whose progressive schedule is replaced, its weighted loss kept.
`plain+NAME` is the curriculum alone, on the plain loss. (`plain` with KPOD's own schedule is `kpod-sig`.) The
curricula, their sources and departures are in `kpod.curriculum.rivals`.
"""

from __future__ import annotations

from kpod.methods.method import Method

RIVALS = (
    # name, label, curriculum, what it does
    ("acl", "Adaptive CL", "adaptive", "the questions with the least current loss, more of them every epoch"),
    ("spl", "SPL", "self_paced", "the questions whose current loss is under a threshold that grows"),
    ("icl", "ICL", "in_sample", "a prefix of every rationale is given, shorter every epoch"),
    ("easy", "easy to hard", "easy_to_hard", "whole questions from the easiest on, within KPOD's budget"),
    ("hard", "hard to easy", "hard_to_easy", "whole questions from the hardest on, within KPOD's budget"),
    ("random", "random order", "random", "KPOD's stages and budget, but chance says which steps"),
)

KPOD_WITH_RIVALS = tuple(
    Method(f"kpod+{name}", f"KPOD + {label}", f"weighted loss; {what}", curriculum=curriculum, diversity=False)
    for name, label, curriculum, what in RIVALS
)
PLAIN_WITH_RIVALS = tuple(
    Method(
        f"plain+{name}",
        f"Plain + {label}",
        f"every token weighs 1; {what}",
        weighted_loss=False,
        weighted_difficulty=False,
        curriculum=curriculum,
        diversity=False,
    )
    for name, label, curriculum, what in RIVALS
)
