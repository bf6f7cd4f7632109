"""Overview: what this is, the pipeline as a picture with the chosen run's figures, and all runs."""

from kpod.ui import overview, parts, state
from kpod.ui.run_files import file_actions
from kpod.ui.run_list import run_list

run = state.open_run(
    "KPOD Studio",
    "Teach a small model to reason: which tokens matter, how hard each step is, and what to learn when.",
)
with parts.guarded():  # each by itself: damage of one run does not hide the list of the others
    overview.live_head(run)
    file_actions(run)
    parts.show_warnings(run)
with parts.guarded():
    overview.pipeline(run)
run_list()
