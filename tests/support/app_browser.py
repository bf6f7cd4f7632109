"""A page of the app in Chromium that remembers every error: console, script, dialog, foreign request."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from kpod.ui import parts

FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
]
TIMEOUT = 120_000  # milliseconds; a page takes one or two seconds where nothing else keeps the machine busy
expect.set_options(timeout=TIMEOUT)
HIGHEST = 8_000  # pixels of a picture of a whole page
LOOKS = 24  # at a page that seems to have a flaw, a quarter of a second after one another
# The script has run and nothing stands for what is still to come, some looks long: between two scripts the page rests
# for a moment, and a component may draw after the script has ended.
CALM = """looks => {
  const state = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState
  const calm = state === "notRunning" && !document.querySelector("[data-testid=stSkeleton], [data-stale=true]")
  window.kpodCalm = calm ? (window.kpodCalm ?? 0) + 1 : 0
  return window.kpodCalm >= looks
}"""
CALM_LOOKS, LOOK_MS = 4, 20
# Each page's path and its main part, which is drawn last.
PAGES = {
    "overview": ("/", ".kp-card.done >> nth=6"),
    "keypoints": ("/keypoints", ".st-key-tokens .token >> nth=5"),
    "curriculum": ("/curriculum", ".st-key-matrix canvas"),
    "questions": ("/questions", ".st-key-map .frame canvas[data-drawn]"),
    "results": ("/results", ".st-key-accuracy .plot-container"),
    "distill": ("/distill", ".st-key-start button:enabled"),
}
# Each view of the Results page and its main part.
RESULTS = {
    "Accuracy": ".st-key-accuracy .plot-container",
    "Questions": ".kp-beside",
    "Two runs": ".kp-four",
    "All runs": ".st-key-csv-all-runs",
    "Sensitivity": ".st-key-csv-sensitivity",
    "Cost": ".st-key-costs .plot-container",
    "Ablations": ".st-key-ablation-methods .plot-container",
}
SCREENSHOTS = Path(os.environ.get("KPOD_SCREENSHOTS") or Path(__file__).parent.parent.parent / "build" / "screenshots")
FLAWS, FOCUS, STEADY = (
    (Path(__file__).parent / f"page_{name}.js").read_text() for name in ("flaws", "focus", "steady")
)
BACKGROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 22, 30)"}  # .streamlit/config.toml
# On a deep link Streamlit's front end looks for its server below the page's own path first; that 404 is its design.
PROBES = re.compile(r"/(distill|keypoints|curriculum|questions|results)/_stcore/(health|host-config)$")


def new_context(browser: Browser, width: int = 1366, height: int = 768, scheme: str = "light") -> BrowserContext:
    """A browser profile of its own: a window size, a colour scheme and a cache."""
    return browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)


class Watched:
    """One browser page. `check` fails on anything that went wrong since the page was opened."""

    def __init__(self, context: BrowserContext, url: str):
        self.url = url
        self.page: Page = context.new_page()
        self.page.set_default_timeout(TIMEOUT)
        self.problems: list[str] = []
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        self.page.on("dialog", self._on_dialog)
        self.page.on("request", self._on_request)

    def open(self, name: str, *, is_empty: bool = False, mark: str = "", **address: str) -> Watched:
        """Open a page by its name in PAGES and wait for its main part, for `mark`, or for an empty state."""
        path, main = PAGES[name]
        self.page.goto(f"{self.url}{path}?{urlencode(address)}")
        self.page.locator(".kp-empty" if is_empty else mark or main).first.wait_for(state="attached")
        self.settle()
        return self

    def settle(self) -> None:
        """Wait until the script has run and the page has drawn what it sent.

        Right after an action the page may not know yet that a script is to run: expect something that the server makes.
        """
        self.page.evaluate("() => { window.kpodCalm = 0 }")
        self.page.wait_for_function(CALM, arg=CALM_LOOKS, polling=LOOK_MS)

    def check(self, *, damaged: bool = False) -> None:
        """No trace, no error in the console; and, but for a run that is damaged, nothing that a page could not show."""
        exceptions = self.page.locator("[data-testid=stException]").all_inner_texts()
        assert not exceptions, exceptions
        assert not self.problems, self.problems
        assert not self.page.locator("text=Traceback (most recent call last)").count()
        assert damaged or not self.page.get_by_text(parts.UNEXPECTED).count()

    def close(self) -> None:
        self.page.close()

    def scroll_excess(self) -> int:
        """Pixels by which the page is wider than the window."""
        return self.page.evaluate(
            "() => Math.max(document.documentElement.scrollWidth, "
            "document.querySelector('[data-testid=stMain]').scrollWidth) - innerWidth"
        )

    def change(self, width: int, height: int, scheme: str) -> None:
        """Give the window another size and the page another colour scheme, without loading it again."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(color_scheme=scheme)
        expect(self.page.get_by_test_id("stApp")).to_have_css("background-color", BACKGROUNDS[scheme])
        self.settle()

    def flaws(self) -> list[str]:
        """Texts that are cut off, covered, outside of the window or faint; figures get a while to be drawn anew."""
        for _ in range(LOOKS):
            found = self.page.evaluate(FLAWS)
            if not found:
                break
            self.page.wait_for_timeout(250)
        return found

    def shoot(self, name: str, *, whole: bool = False) -> None:
        """Keep a picture of what the window shows in SCREENSHOTS, to be looked at.

        With `whole` also one of all the page, where that is longer than the window: the page scrolls in a part of its
        own, so the window is made as high as its content for a moment.
        """
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")
        size = self.page.viewport_size
        if not whole or (height := min(self.content_height(), HIGHEST)) <= size["height"]:
            return
        self.page.set_viewport_size({"width": size["width"], "height": height})
        try:
            self._still()
            self.page.screenshot(path=SCREENSHOTS / f"{name}-whole.png")
        finally:
            self.page.set_viewport_size(size)
            self._still()

    def saved(self, button: str) -> tuple[str, bytes]:
        """What a click on `button` (a selector) saves: the file's name and content."""
        with self.page.expect_download() as caught:
            self.page.locator(button).first.click()
        return caught.value.suggested_filename, Path(caught.value.path()).read_bytes()

    def content_height(self) -> int:
        """How high the window would have to be to show all the page."""
        return self.page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight")

    def _still(self) -> None:
        """Wait until the page has been laid out for its window, and figures have been drawn for it."""
        self.settle()
        self.page.wait_for_timeout(400)

    def _on_console(self, message: ConsoleMessage) -> None:
        place = (message.location or {}).get("url", "")
        if message.type == "error" and not PROBES.search(place):
            self.problems.append(f"console: {message.text} ({place})")

    def _on_dialog(self, dialog: Any) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _on_request(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.problems.append(f"request to another host: {request.url}")
