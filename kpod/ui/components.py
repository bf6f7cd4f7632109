"""How the app's own components are put together: scripts and styles from files, the shared ones in front."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent


def make_component(name: str, root: str, *scripts: str) -> Any:
    """A component of Streamlit (version 2) with an element of class `root`; call at the top level of a module.

    `scripts` name files beside this one without their ending; a script may have a style sheet of the same name. Texts
    that a component shows are hostile: scripts put them into the page by `textContent` alone.
    """
    return st.components.v2.component(
        f"kpod_{name}",
        html=f'<div class="{root}">\n</div>',
        css="\n".join(_read(f"{script}.css") for script in scripts if (_HERE / f"{script}.css").is_file()),
        js="\n".join(_read(f"{script}.js") for script in scripts),
    )


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
