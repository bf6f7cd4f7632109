"""SCOTT's counterfactual training: the student must follow its rationale (Wang et al., ACL 2023, arXiv 2305.01879).

The loss and the departures from it are in `kpod.distillation.counterfactual`; its rationales, of which the teacher was
told a wrong answer, in `kpod.further_rationales`. The paper's other half, contrastive decoding of the teacher, is a way
to make rationales and not to train a student.
"""

from __future__ import annotations

from kpod.methods.method import Method

SCOTT = Method(
    "scott",
    "SCOTT",
    "also rationales that lead to another answer, which the student must then give "
    "(needs `counterfactual_rationale` and `counterfactual_answer`)",
    weighted_loss=False,
    weighted_difficulty=False,
    curriculum="none",
    diversity=False,
    objective="counterfactual",
)
