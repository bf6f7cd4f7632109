from __future__ import annotations

import pytest

from kpod.errors import InputError
from kpod.tasks.small_world import WorldOptions


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"min_steps": 0}, "Steps from 0 to 4 cannot be"),
        ({"max_steps": 10}, "1 to 9 steps"),
        ({"max_steps": 7}, r"at most 6\. Leave it out, as in stories=people\+boxes\+prices\+events"),
        ({"min_steps": 5, "max_steps": 3}, "may not exceed"),
        ({"filler_share": 1.5}, "filler_share is 1.5; it is a probability"),
        ({"largest_number": 10}, "take 40 or more"),
        ({"largest_change": 1}, "largest_change is 1"),
        ({"phrasings": 0}, "phrasings is 0"),
        ({"stories": ("people", "ghosts")}, r"take some of people, days, boxes, prices, events"),
        ({"stories": ()}, "take some of"),
    ],
)
def test_what_cannot_be_is_refused(values, said):
    with pytest.raises(InputError, match=said):
        WorldOptions(**values)
