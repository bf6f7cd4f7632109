"""The chosen method in words: what it is, and which parts of KPOD it turns on."""

from __future__ import annotations

import streamlit as st

from kpod.charts.text import for_html
from kpod.errors import InputError
from kpod.methods import Method, get
from kpod.methods.method import USE_DIFFICULTY

_CURRICULA = {
    "kpod": "progressive schedule: steps become supervised from easy to hard (Eq. 9 to 13)",
    "none": "none: whole rationales from the first epoch",
    "adaptive": "adaptive: the questions with the least current loss, more of them every epoch",
    "self_paced": "self-paced: the questions whose current loss is under a growing threshold",
    "in_sample": "in-sample: a prefix of every rationale is given, shorter every epoch",
    "easy_to_hard": "whole questions, the easiest first",
    "hard_to_easy": "whole questions, the hardest first",
    "random": "KPOD's stages, but chance says which steps",
}
_LOSS = {True: "tokens count by their weight in the student's loss (Eq. 15)", False: "every token weighs the same"}
_TAUGHT = {
    "rationale": "rationale and answer",
    "answer": "the answer alone",
    "consistency": "several rationales a question, which must agree in the answer",
    "counterfactual": "also rationales that lead to another answer",
}


def method_card(name: object) -> None:
    """What the method of this name is and turns on; nothing for a name that is none."""
    try:
        method = get(str(name))
    except InputError:
        return  # said beside the setting
    rows = "".join(
        f'<tr><td>{"✓" if is_on else "–"}</td><th scope="row">{for_html(part)}</th><td>{for_html(text)}</td></tr>'
        for part, is_on, text in method_parts(method)
    )
    st.html(
        f'<div class="kp-method"><p><b>{for_html(method.label)}</b>: {for_html(method.description)}.</p>'
        f'<table class="kp-stages">{rows}</table></div>'
    )


def method_parts(method: Method) -> list[tuple[str, bool, str]]:
    """The parts of KPOD: name, whether the method has it, and what it does or what stands in its place."""
    rated = method.curriculum in USE_DIFFICULTY
    weighted = method.weighted_difficulty and rated
    return [
        (
            "Token weights",
            method.learns_weights,
            "learned by masking (Eq. 2 to 7)" if method.learns_weights else "not learned: no part of it needs them",
        ),
        ("Weighted loss", method.weighted_loss, _LOSS[method.weighted_loss]),
        ("Weighted difficulty", weighted, _difficulty(rated, weighted)),
        ("Curriculum", method.progressive, _CURRICULA.get(method.curriculum, method.curriculum)),
        (
            "Diversity",
            method.diversity,
            "every stage draws on many clusters (Eq. 12)" if method.diversity else "clusters do not count (β is 0)",
        ),
        ("Taught", True, _TAUGHT[method.objective]),
    ]


def _difficulty(rated: bool, weighted: bool) -> str:
    if not rated:
        return "no part of it goes by difficulty"
    return "steps are rated by Eq. 8" if weighted else "steps are rated by their mean loss"
