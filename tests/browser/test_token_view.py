"""The token view: scrub, play, threshold, pin, tooltip and keys, all in the browser."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET

import pytest
from playwright.sync_api import expect

from kpod.run_store import load_run
from kpod.token_analysis import number_spans

pytestmark = pytest.mark.browser

TOKENS = ".st-key-tokens .token"
FILL = "node => getComputedStyle(node).backgroundColor"


@pytest.fixture
def view(watch, run_ids):
    return watch().open("keypoints", run=run_ids["whole"], question="q003")


def slide(page, name: str, value: float) -> None:
    """Move a slider as a hand does: while it moves it sends input, at the end change."""
    page.locator(f".st-key-tokens .{name} input").evaluate(
        "(node, to) => { node.value = to; for (const e of ['input', 'change']) node.dispatchEvent(new Event(e)) }",
        value,
    )


def test_every_token_is_there_with_its_step(view, runs):
    run = load_run(runs / "whole")
    tokens = run.table("tokens", question="q003")
    assert view.page.locator(TOKENS).count() == len(tokens)
    assert view.page.locator(".st-key-tokens .step").count() == tokens["step"].nunique()
    difficulty = run.table("steps", question="q003")["difficulty"]
    shown = view.page.locator(".st-key-tokens .difficulty").all_inner_texts()
    assert shown == [f"{value:.2f}" for value in difficulty]


def test_scrubbing_recolours_without_the_server_and_ends_in_the_address(view, runs):
    page = view.page
    history = load_run(runs / "whole").table("weight_history", question="q003")
    first, last = (history[history["epoch"] == epoch].sort_values("position")["weight"] for epoch in (1, 6))
    moved = int((last - first).abs().to_numpy().argmax())
    before = page.locator(TOKENS).nth(moved).evaluate(FILL)
    page.locator(".st-key-tokens .epoch input").evaluate(
        "node => { node.value = 0; node.dispatchEvent(new Event('input')) }"
    )
    assert page.locator(TOKENS).nth(moved).evaluate(FILL) != before
    assert "epoch" not in page.url
    slide(page, "epoch", 0)
    page.wait_for_url("**epoch=1**")
    view.settle()
    assert page.locator(".st-key-tokens .epoch .value").inner_text() == "1 of 6"


def test_the_threshold_counts_what_it_holds(view, runs):
    page = view.page
    tokens = load_run(runs / "whole").table("tokens", question="q003")
    slide(page, "threshold", 0.8)
    page.wait_for_url("**threshold=0.80**")
    above = tokens["weight"] >= 0.8
    assert page.locator(".st-key-tokens .cover.tokens .value").inner_text() == f"{above.mean():.0%}"
    loss = tokens["nll"][above].sum() / tokens["nll"].sum()
    assert page.locator(".st-key-tokens .cover.loss .value").inner_text() == f"{loss:.0%}"
    assert page.locator(".st-key-tokens .token:not(.below)").count() == above.sum()


def test_a_number_is_held_where_all_its_digits_are(view, runs):
    run = load_run(runs / "whole")
    tokens = run.table("tokens", question="q003")
    rationale = run.questions.set_index("question").loc["q003", "rationale"]
    weakest = []
    for start, end in number_spans(rationale):
        touching = (tokens["character_start"] < end) & (tokens["character_end"] > start)
        weakest.append(tokens["weight"][touching].min())
    threshold = round(sorted(weakest)[len(weakest) // 2], 2)
    slide(view.page, "threshold", threshold)
    held = sum(weight >= threshold for weight in weakest)
    assert 0 < held < len(weakest)
    shown = view.page.locator(".st-key-tokens .cover.numbers")
    assert shown.locator(".value").inner_text() == f"{held / len(weakest):.0%}"
    assert shown.locator(".name").inner_text() == "of numbers"


def test_the_units_are_switched_and_stay_in_the_address(view, runs):
    page = view.page
    tokens = load_run(runs / "whole").table("tokens", question="q003")
    for unit, fewer in (("words", len(tokens)), ("steps", tokens["step"].nunique() + 1)):
        page.locator(".st-key-unit").get_by_text(unit, exact=True).click()
        page.wait_for_url(f"**unit={unit}**")
        view.settle()
        expect(page.locator(".st-key-tokens .steps")).to_have_class(f"steps by-{unit[:-1]}")
        assert page.locator(TOKENS).count() < fewer
    page.locator(".st-key-by").get_by_text("max", exact=True).click()
    page.wait_for_url("**by=max**")
    expect(page.locator(".st-key-tokens .legend .head")).to_have_text("Greatest w of a step")
    strongest = tokens.groupby("step")["weight"].max().iloc[0]
    page.locator(TOKENS).first.hover()
    assert page.locator(".st-key-tokens .tooltip dd").first.inner_text() == f"{strongest:.3f}"


def test_the_colours_reach_over_this_rationale_alone(view):
    page = view.page
    ends = page.locator(".st-key-tokens .ticks span")
    fills = page.locator(TOKENS).evaluate_all(f"nodes => nodes.map({FILL})")
    assert ends.all_inner_texts() == ["0", "0.5", "1"]
    page.locator(".st-key-tokens .choice.colours").get_by_text("this rationale").click()
    page.wait_for_url("**colours=own**")
    assert ends.all_inner_texts() != ["0", "0.5", "1"]
    assert page.locator(TOKENS).evaluate_all(f"nodes => nodes.map({FILL})") != fills
    page.keyboard.press("ArrowLeft")  # radio buttons, as the keyboard knows them
    page.wait_for_url(lambda url: "colours=" not in url)
    assert page.locator(TOKENS).evaluate_all(f"nodes => nodes.map({FILL})") == fills


def test_the_second_cue_is_a_line_as_thick_as_the_weight_or_the_size(watch, run_ids, runs):
    view = watch().open("keypoints", run=run_ids["whole"], question="q003", threshold="0.00")
    page = view.page
    weights = load_run(runs / "whole").table("tokens", question="q003")["weight"]
    lines = page.locator(TOKENS).evaluate_all(
        "nodes => nodes.map(n => parseFloat(getComputedStyle(n).borderBottomWidth))"
    )
    assert lines == [pytest.approx(round(4 * weight), abs=1) for weight in weights]
    assert {line for line, weight in zip(lines, weights, strict=True) if weight < 0.1} <= {0}
    page.locator(".st-key-tokens .choice.cue").get_by_text("size", exact=True).click()
    page.wait_for_url("**cue=size**")
    look = "n => [parseFloat(getComputedStyle(n).fontSize), parseFloat(getComputedStyle(n).borderBottomWidth)]"
    small, large = (page.locator(TOKENS).nth(int(at)).evaluate(look) for at in (weights.argmin(), weights.argmax()))
    assert small[0] < large[0] and small[1] == large[1] == 0


@pytest.mark.parametrize("form", ["PNG", "SVG", "CSV"])
def test_the_view_is_saved(view, runs, form):
    name, content = view.saved(f".st-key-tokens .saves button:text-is('{form}')")
    assert name == f"keypoints-q003-epoch-6.{form.lower()}"
    tokens = load_run(runs / "whole").table("tokens", question="q003")
    if form == "PNG":
        assert content.startswith(b"\x89PNG\r\n") and len(content) > 5_000
    elif form == "SVG":
        root = ET.fromstring(content)
        assert root.tag.endswith("svg") and "epoch 6" in "".join(root.itertext())
        assert len(root.findall("{*}rect")) > len(tokens)
    else:
        rows = list(csv.DictReader(io.StringIO(content.decode())))
        assert [float(row["weight_epoch_6"]) for row in rows] == pytest.approx(tokens["weight"].tolist(), abs=1e-4)


def test_a_click_pins_a_token_and_shows_its_trajectory(view, runs):
    page = view.page
    page.locator(TOKENS).nth(12).click()
    page.wait_for_url("**token=12**")
    weight = load_run(runs / "whole").table("tokens", question="q003")["weight"].iloc[12]
    assert page.locator(".st-key-tokens .pin-box .facts dd").first.inner_text() == f"{weight:.3f}"
    assert page.locator(".st-key-tokens .trajectory circle").count() == 7  # six epochs and where we are
    assert page.locator(".st-key-tokens .lines .line-entry").all_inner_texts() == ["this token", "mean of all tokens"]
    page.locator(".st-key-tokens .close").click()
    page.wait_for_url(lambda url: "token=" not in url)
    assert page.locator(".st-key-tokens .trajectory").count() == 0


def test_a_link_shows_epoch_threshold_and_pin(watch, run_ids):
    watched = watch().open("keypoints", run=run_ids["whole"], question="q003", epoch="2", threshold="0.70", token="5")
    page = watched.page
    assert page.locator(".st-key-tokens .epoch .value").inner_text() == "2 of 6"
    assert page.locator(".st-key-tokens .threshold .value").inner_text() == "0.70"
    assert page.locator(f"{TOKENS}.pinned").get_attribute("data-index") == "5"


def test_the_tooltip_says_weight_rank_loss_and_step(view):
    view.page.locator(TOKENS).nth(3).hover()
    tooltip = view.page.locator(".st-key-tokens .tooltip")
    assert tooltip.is_visible()
    assert tooltip.locator("dt").all_inner_texts() == ["weight", "rank", "NLL", "step", "kind"]


def test_the_tooltip_draws_the_weight_through_the_epochs(view, runs):
    history = load_run(runs / "whole").table("weight_history", question="q003")
    weights = history[history["position"] == 3].sort_values("epoch")["weight"].tolist()
    view.page.locator(TOKENS).nth(3).hover()
    line = view.page.locator(".st-key-tokens .tooltip .sparkline")
    assert (
        line.get_attribute("aria-label") == f"Weight from {weights[0]:.2f} in epoch 1 to {weights[-1]:.2f} in epoch 6"
    )
    points = line.locator(".own").get_attribute("d").replace("M", "L").split("L")[1:]
    heights = [float(point.split()[1]) for point in points]
    assert heights == pytest.approx([25 - 20 * weight for weight in weights], abs=0.06)
    slide(view.page, "epoch", 0)
    view.page.locator(TOKENS).nth(3).hover()
    assert float(line.locator(".here").get_attribute("cx")) == pytest.approx(5)


def test_keys_walk_over_the_tokens_and_pin(view):
    page = view.page
    page.locator(".st-key-tokens .steps").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url("**token=2**")
    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: "token=" not in url)
    expect(page.locator(".st-key-tokens .token.pinned")).to_have_count(0)  # from the next frame on


def test_playing_starts_even_where_the_first_frame_lies_before_the_click(watch, run_ids):
    watched = watch().open("keypoints", run=run_ids["whole"], question="q003", epoch="1")
    page = watched.page
    page.evaluate("() => { const real = performance.now.bind(performance); performance.now = () => real() + 200 }")
    page.locator(".st-key-tokens .play").click()
    page.wait_for_url("**epoch=6**")
    assert page.locator(".st-key-tokens .epoch .value").inner_text() == "6 of 6"


def test_playing_runs_to_the_last_epoch_and_stops(watch, run_ids):
    watched = watch().open("keypoints", run=run_ids["whole"], question="q003", epoch="1")
    page = watched.page
    page.locator(".st-key-tokens .play").click()
    page.wait_for_url("**epoch=6**")
    assert page.locator(".st-key-tokens .epoch .value").inner_text() == "6 of 6"
    assert page.locator(".st-key-tokens .play").get_attribute("aria-label") == "Play through the epochs"


def test_the_next_question_replaces_the_tokens(view, runs):
    page = view.page
    page.locator(TOKENS).nth(12).click()
    page.wait_for_url("**token=12**")
    view.settle()
    page.locator(".st-key-next-question button:visible").click()
    page.wait_for_url("**question=q004**")
    view.settle()
    tokens = load_run(runs / "whole").table("tokens", question="q004")
    assert page.locator(TOKENS).count() == len(tokens)
    assert "token=" not in page.url


def test_colours_follow_the_theme(watch, run_ids):
    fills = []
    for scheme in ("light", "dark"):
        watched = watch(scheme=scheme).open("keypoints", run=run_ids["whole"], question="q003")
        fills.append(watched.page.locator(TOKENS).nth(20).evaluate(FILL))
    assert fills[0] != fills[1]
