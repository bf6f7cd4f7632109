"""The report of a check: how many questions each reason was found in, what became of them, and which they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kpod.teacher.findings import REASONS

EXAMPLES = 5  # ids a reason


@dataclass(frozen=True)
class ReasonCount:
    """One reason: in how many questions it was found, what was done about it, and how many it dropped.

    A question with several findings counts under each; it is dropped for the first that drops. examples: some ids.
    """

    reason: str
    action: str
    found: int
    dropped: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class CheckReport:
    """What the checks found in `questions` questions, of which `kept` are kept; one entry for each of `REASONS`."""

    questions: int
    kept: int
    reasons: tuple[ReasonCount, ...]

    @property
    def dropped(self) -> dict[str, int]:
        """How many questions each reason dropped, for every reason that may drop, zeros too."""
        return {each.reason: each.dropped for each in self.reasons if each.action == "drop"}

    def share(self, found: int) -> float:
        return found / self.questions if self.questions else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for `run.json` and `--json`."""
        rows = [
            asdict(each) | {"share": self.share(each.found), "meaning": REASONS[each.reason]} for each in self.reasons
        ]
        return {"questions": self.questions, "kept": self.kept, "reasons": rows}

    def text(self) -> str:
        """A table of the reasons that were found, for a terminal or a log."""
        lines = [f"{self.kept} of {self.questions} questions are kept."]
        found = [each for each in self.reasons if each.found]
        if not found:
            return f"{lines[0]} Nothing was found."
        width = max(len(each.reason) for each in found)
        lines.append(f"  {'reason':<{width}}  {'found':>6}  {'share':>6}  {'what':<5}  {'dropped':>7}  examples")
        lines += [
            f"  {each.reason:<{width}}  {each.found:>6}  {self.share(each.found):>6.1%}  {each.action:<5}  "
            f"{each.dropped:>7}  {', '.join(each.examples)}"
            for each in found
        ]
        return "\n".join(lines)


def build_report(
    questions: int,
    kept: int,
    found: Mapping[str, list[str]],
    dropped: Mapping[str, int],
    actions: Mapping[str, str],
) -> CheckReport:
    """The report from the ids that each reason was found in, and how many each dropped."""
    rows = [
        ReasonCount(
            reason, actions[reason], len(found.get(reason, ())), dropped.get(reason, 0), _examples(found, reason)
        )
        for reason in REASONS
    ]
    return CheckReport(questions, kept, tuple(rows))


def _examples(found: Mapping[str, list[str]], reason: str) -> tuple[str, ...]:
    return tuple(found.get(reason, ())[:EXAMPLES])
