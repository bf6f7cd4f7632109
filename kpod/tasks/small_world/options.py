"""What can be varied in the small world."""

from __future__ import annotations

from dataclasses import dataclass, fields

from kpod.errors import InputError

STORIES = ("people", "days", "boxes", "prices", "events")
MOST_STEPS = 9  # a story of boxes runs out of colours then
MOST_STEPS_OF_DAYS = 6  # a week has seven


@dataclass(frozen=True)
class WorldOptions:
    """How problems are drawn and told; every `share` is a probability in 0..1.

    min_steps, max_steps: calculations a solution takes. largest_number: of any number, results included.
    largest_change: of what is added or taken away in one go. phrasings: so many problems in a row tell one plan.
    filler_share: of a calculation behind a filler ("Next, we just need to simply note that"). restatement_share: of
    one whose fact is told again. irrelevant_share: of an irrelevant sentence in front of a calculation.
    distractor_share: of an irrelevant sentence, half of them with a number, in front of each fact of the question.
    shuffled_share: of questions whose facts stand in a random order. stories: those to draw from.
    """

    min_steps: int = 2
    max_steps: int = 4
    largest_number: int = 60
    largest_change: int = 20
    phrasings: int = 1
    filler_share: float = 0.5
    restatement_share: float = 0.3
    irrelevant_share: float = 0.1
    distractor_share: float = 0.05
    shuffled_share: float = 0.0
    stories: tuple[str, ...] = STORIES

    def __post_init__(self) -> None:
        if not 1 <= self.min_steps <= self.max_steps <= MOST_STEPS:
            raise InputError(
                f"Steps from {self.min_steps} to {self.max_steps} cannot be: the small world solves problems in 1 to "
                f"{MOST_STEPS} steps, and the fewest may not exceed the most."
            )
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.endswith("_share") and not 0 <= value <= 1:
                raise InputError(f"{field.name} is {value}; it is a probability, from 0 to 1.")
        if self.largest_number < 40:
            raise InputError(f"largest_number is {self.largest_number}; take 40 or more, or steps find no numbers.")
        if not 2 <= self.largest_change <= self.largest_number:
            raise InputError(f"largest_change is {self.largest_change}; take 2 up to {self.largest_number}.")
        if self.phrasings < 1:
            raise InputError(f"phrasings is {self.phrasings}; take 1 or more.")
        unknown = [name for name in self.stories if name not in STORIES]
        if unknown or not self.stories:
            raise InputError(f"stories is {list(self.stories)}; take some of {', '.join(STORIES)}.")
        if self.max_steps > MOST_STEPS_OF_DAYS and "days" in self.stories:
            others = "+".join(name for name in STORIES if name != "days")
            raise InputError(
                f"Steps up to {self.max_steps} cannot be told of the days of one week: a story of days takes at most "
                f"{MOST_STEPS_OF_DAYS}. Leave it out, as in stories={others}."
            )
