"""What the next page will need, loaded while the first one is looked at: scripts in the browser, modules here."""

from __future__ import annotations

import functools
import threading

from kpod.ui.components import make_component
from kpod.ui.front_end import script_names

QUIET_SECONDS = 1.5  # after the first page; whoever goes on at once is not to wait for it
_MOUNT = make_component("ahead", "ahead", "ahead")
_begun = threading.Event()


def load_ahead() -> None:
    """Call at the end of a page: begins once a server, and once a tab."""
    scripts = _scripts()
    if scripts:
        _MOUNT(data={"scripts": scripts}, key="ahead")
    if not _begun.is_set():
        _begun.set()
        timer = threading.Timer(QUIET_SECONDS, _import)
        timer.daemon = True
        timer.start()


@functools.cache
def _scripts() -> list[str]:
    return script_names("PlotlyChart", "DataFrame")


def _import() -> None:
    """Without what makes a component or a cache of Streamlit: those belong to a script that runs."""
    import plotly.graph_objects  # noqa: F401
    import tokenizers  # noqa: F401
    from streamlit.elements import plotly_chart  # noqa: F401

    from kpod import preflight  # noqa: F401
    from kpod.charts import curriculum, results, token_summary  # noqa: F401
