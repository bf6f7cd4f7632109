"""Stories in which one person's things change: found, given away, doubled, packed.

Mia has 3 bags with 6 nuts in each. Mia gives 5 nuts to Leo. How many nuts does Mia have left?
"""

from __future__ import annotations

import random

from kpod.tasks.small_world import words
from kpod.tasks.small_world.options import WorldOptions
from kpod.tasks.small_world.plans import Lookup, NoSuchNumbers, Plan, Quantity, Statement, name, number, unit
from kpod.tasks.small_world.relations import draw_divisor
from kpod.tasks.small_world.roles import Piece

_NOW = ("now {who} has {eq} {item}", "{who} then has {eq} {item}", "{eq}, which means {who} has {c} {item} now")
_LEFT = ("{who} has {eq} {item} <left>", "this <leaves> {eq} {item}", "{eq}, which means {who} has {c} {item} <left>")


class Events:
    """A plan of events as it grows; `now` is what the person has."""

    def __init__(self, rng: random.Random, options: WorldOptions):
        self.rng, self.options = rng, options
        self.plan = Plan("events")
        who, other = rng.sample(words.NAMES, 2)
        one, many = rng.choice(words.CONTAINERS)
        self.slots = {"who": name(who), "other": name(other), "item": unit(rng.choice(words.ITEMS)),
                      "box": unit(one), "boxes": unit(many)}  # fmt: skip
        self.now = Quantity(0)

    def statement(self, templates: tuple[str, ...], **more: Piece) -> Statement:
        return Statement(templates, {**self.slots, **more})

    def fact(self, *templates: str, **numbers: int) -> Statement:
        """Add a fact to the question."""
        self.plan.facts.append(self.statement(templates, **{key: number(value) for key, value in numbers.items()}))
        return self.plan.facts[-1]

    def step(
        self,
        operation: str,
        relation: str,
        left: Quantity,
        right: Quantity,
        told: tuple[str, ...],
        fact: Statement | None,
        ask: str = "",
    ) -> Quantity:
        return self.plan.calculate(
            operation, relation, left, right, self.statement(told), fact, largest=self.options.largest_number,
            ask=self.statement((ask,)) if ask else None,
        )  # fmt: skip

    def start_plain(self) -> None:
        value = self.rng.randint(3, min(60, self.options.largest_number))
        self.now = Quantity(value)
        fact = self.fact("{who} has {k} {item}", "{who} starts with {k} {item}", k=value)
        self.plan.lookups.append(Lookup(self.statement(("how many {item} does {who} have at first",)), fact, value))

    def start_with_groups(self) -> None:
        self.now = self.groups("{who} has {m} {boxes} with {k} {item} <each>",
                               "{who} fills {m} {boxes} with {k} {item} <each>",
                               told=("there are {eq} {item}", "the {boxes} hold {eq} {item}"),
                               ask="how many {item} does {who} have at first")  # fmt: skip

    def groups(self, *templates: str, told: tuple[str, ...], ask: str) -> Quantity:
        """So many boxes of so many each."""
        count = self.rng.randint(2, 9)
        size = self.rng.randint(2, max(2, min(12, self.options.largest_number // count)))
        fact = self.fact(*templates, m=count, k=size)
        return self.step("multiply", "groups", Quantity(count), Quantity(size), told, fact, ask)

    def gain(self) -> None:
        room = min(self.options.largest_change, self.options.largest_number - self.now.value)
        if room < 2:
            raise NoSuchNumbers
        value, verb = self.rng.randint(2, room), self.rng.choice(words.GAINS)
        fact = self.fact(f"{{who}} {verb} {{k}} <more> {{item}}", k=value)
        self.now = self.step("add", "gain", self.now, Quantity(value), _NOW, fact)

    def lose(self) -> None:
        if self.now.value < 4:
            raise NoSuchNumbers
        value = self.rng.randint(2, min(self.options.largest_change, self.now.value - 2))
        fact = self.fact(f"{{who}} {self.rng.choice(words.LOSSES)}", k=value)
        self.now = self.step("subtract", "lose", self.now, Quantity(value), _LEFT, fact)

    def lose_half(self) -> None:
        fact = self.fact("{who} gives <half> of the {item} to {other}", "{who} loses <half> of the {item}")
        self.now = self.step("divide", "half", self.now, Quantity(2), _LEFT, fact)

    def grow(self) -> None:
        relation, factor = self.rng.choice((("doubles", 2), ("triples", 3)))
        fact = self.fact(f"then the number of {{item}} <{relation}>")
        self.now = self.step("multiply", relation, Quantity(factor), self.now, _NOW, fact)

    def gain_groups(self) -> None:
        """Two steps: how many the new boxes hold, and all of them."""
        before = self.now
        new = self.groups("{who} buys {m} {boxes} with {k} {item} <each>",
                          told=("the new {boxes} hold {eq} {item}", "{who} gets {eq} new {item}"),
                          ask="how many {item} do the new {boxes} hold")  # fmt: skip
        self.now = self.step("add", "gain", before, new, _NOW, None)

    def pack(self) -> None:
        count = draw_divisor(self.rng, self.now.value)
        if count is None:
            raise NoSuchNumbers
        fact = self.fact("{who} packs the {item} <equally> into {k} {boxes}", k=count)
        told = ("<each> {box} holds {eq} {item}", "{eq}, which means <each> {box} holds {c} {item}")
        self.step("divide", "share", self.now, Quantity(count), told, fact)
        self.plan.ask = self.statement(("how many {item} are in <each> {box}",))


def events_plan(rng: random.Random, num_steps: int, options: WorldOptions) -> Plan:
    """A plan of exactly `num_steps` calculations. Raises NoSuchNumbers where the numbers drawn leave no way on."""
    world = Events(rng, options)
    if rng.random() < 0.3:
        world.start_with_groups()
    else:
        world.start_plain()
    packs = rng.random() < 0.25
    while (missing := num_steps - packs - len(world.plan.steps)) > 0:
        actions = [world.gain, world.lose, world.lose_half, world.grow]
        if missing >= 2:
            actions.append(world.gain_groups)
        rng.choice(actions)()
    if missing < 0:
        raise NoSuchNumbers
    if packs:
        world.pack()
    else:
        word = "<left>" if world.plan.steps[-1].calculation.operation in ("subtract", "divide") else "<now>"
        world.plan.ask = world.statement((f"how many {{item}} does {{who}} have {word}",))
    return world.plan
