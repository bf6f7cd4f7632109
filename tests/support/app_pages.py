"""The app under Streamlit's AppTest: one page, with an address, on a folder of runs."""

from __future__ import annotations

import functools
from pathlib import Path

from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

# AppTest reads the metadata of all installed packages for every app that it opens: a third of an opening's time.
manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = ("overview", "distill", "keypoints", "curriculum", "questions", "results")


def open_app(page: str = "overview", **address: str | list[str]) -> AppTest:
    """The app opened at a page of PAGES with an address; KPOD_RUNS must name the runs folder."""
    assert page in PAGES, page
    app = AppTest.from_file(str(ROOT / "kpod" / "ui" / "main.py"), default_timeout=120)
    if page != "overview":
        app.switch_page(str(ROOT / "pages" / f"{page}.py"))
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, [entry.value for entry in app.exception]
    return app


def shown(app: AppTest) -> str:
    """All HTML of the page, as one text."""
    return "\n".join(entry.proto.body for entry in app.get("html"))


def address_of(app: AppTest) -> dict[str, str]:
    return {name: values[-1] if isinstance(values, list) else values for name, values in app.query_params.items()}


def element_keys(app: AppTest) -> set[str]:
    """The keys of all elements, charts and components included."""
    keys = set()
    stack = list(app.main.children.values())
    while stack:
        entry = stack.pop()
        stack.extend(getattr(entry, "children", {}).values())
        if getattr(entry, "key", None):
            keys.add(entry.key)
    return keys
