"""One rationale with its weights: the choice of the unit, the token view, and the ways on from a token."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from kpod.charts.keypoints import token_payload
from kpod.charts.text import for_markdown
from kpod.run_store import Run
from kpod.ui import address, reads, state
from kpod.ui.token_units import unit_choice
from kpod.ui.token_view import COLOURS, CUES, token_view


def rationale_view(run: Run, question: str) -> None:
    """The token view of a question that has tokens, and what leads on from it."""
    unit, how = unit_choice()
    payload = rationale_payload(run, question, unit, how)
    first, labels = np.array(payload["first"]), payload["epochs"]
    top = payload["ranges"]["fixed"][1]
    token = int(address.read_number("token", -1, 0, int(first[-1] + payload["counts"][-1] - 1)))
    view = {
        "epoch": address.read_choice("epoch", labels, len(labels) - 1),
        "threshold": round(address.read_number("threshold", 0.5, 0.0, top), 2),
        "pin": int(np.searchsorted(first, token, side="right")) - 1 if token >= 0 else None,
        "colours": COLOURS[address.read_choice("colours", COLOURS, 0)],
        "cue": CUES[address.read_choice("cue", CUES, 0)],
    }

    identity = f"{run.folder}\n{question}\n{unit} {how}"

    def keep_view() -> None:
        """The browser's scrub, threshold, pin and looks go into the address, so that a link shows the same."""
        new = st.session_state["tokens"]["view"]
        if new.get("key") != identity:  # sent by what was drawn before: its places are not those of this payload
            return
        pinned = None if new["pin"] is None else str(payload["first"][new["pin"]])
        looks = {
            name: new[name] if new[name] != usual else None for name, usual in (("colours", "fixed"), ("cue", "bar"))
        }
        address.write(epoch=labels[new["epoch"]], threshold=f"{new['threshold']:.2f}", token=pinned, **looks)

    token_view(payload, identity=identity, name=question, view=view, key="tokens", on_view=keep_view)
    _links(question, payload, view["pin"])


def rationale_payload(run: Run, question: str, unit: str = "token", how: str = "mean") -> dict[str, Any]:
    """What the token view shows of one question; raises InputError where a table is damaged."""
    rationale = reads.table(run, "questions").set_index("question").loc[question, "rationale"]
    history = reads.rows(run, "weight_history", question) if run.has("weight_history") else None
    return token_payload(
        rationale, reads.rows(run, "tokens", question), reads.rows(run, "steps", question), history, unit, how
    )


def _links(question: str, payload: dict[str, Any], pin: int | None) -> None:
    pinned = "" if pin is None else payload["texts"][pin].strip()
    with st.container(horizontal=True, key="links"):
        to_curriculum = st.button("Show this question in the curriculum", icon=":material/stairs:", key="to-curriculum")
        to_questions = st.button("Show it on the map", icon=":material/scatter_plot:", key="to-questions")
        st.button(
            "Where else the pinned text occurs",
            icon=":material/manage_search:",
            key="to-concordance",
            disabled=not pinned or payload["unit"] == "step",
            help="Pin a token or a word first." if not pinned else f"Every “{for_markdown(pinned, 40)}”",
            on_click=search_for,
            args=(pinned, payload["unit"]),
        )
    if to_curriculum:
        state.open_page("curriculum", question)
    if to_questions:
        state.open_page("questions", question)


def search_for(text: str, unit: str) -> None:
    """Open the concordance on a text; for callbacks."""
    st.session_state["view"] = "Concordance"
    st.session_state["search"] = text
    st.session_state["match"] = "whole word" if unit == "word" else "token"
