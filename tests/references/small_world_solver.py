"""A second reading of the small world: questions and rationales parsed from their text alone, nothing else known.

It shares no code and no word list with the generator. A question is solved sentence by sentence; a rationale is checked
equation by equation.
"""

from __future__ import annotations

import re
from fractions import Fraction

FACTORS = {"twice": 2, "two times": 2, "three times": 3, "thrice": 3, "half": Fraction(1, 2), "a third": Fraction(1, 3)}
SHARED = r"The \w+ (?:of|from|in the) (\w+)(?: \w+)? are shared equally by (\d+) children"
EQUATION = re.compile(r"(\d+) ([-+*/]) (\d+) = (\d+)")
_SUBJECT = {
    "people": r"(?P<s>[A-Z]\w+) (?:has|owns) (?P<q>.+)",
    "days": r"On (?P<s>\w+day),? [A-Z]\w+ \w+ (?P<q>.+)",
    "boxes": r"The (?P<s>\w+) (?:box|bag|basket|jar|crate|tin) holds (?P<q>.+)",
    "prices": r"A (?P<s>\w+) (?:costs|is sold for) (?P<q>.+)",
}
_REFERENCE = r"(?:on (?P<day>\w+day)|the (?P<box>\w+) \w+|a (?P<good>\w+)|(?P<person>[A-Z]\w+))"
_COMPARED = re.compile(
    rf"(?:(?P<k>\d+) (?:\w+ )?(?P<sign>more|fewer|less)(?: \w+)? than"
    rf"|(?:only )?(?P<times>\d+ times|twice|two times|three times|thrice|half|a third) as many \w+ as) {_REFERENCE}"
)


class Unreadable(Exception):
    pass


def calculate(left: int, symbol: str, right: int) -> Fraction:
    if symbol == "/":
        return Fraction(left, right)
    return Fraction({"+": left + right, "-": left - right, "*": left * right}[symbol])


def solve(question: str, story: str) -> Fraction:
    """The answer of a question, from its words."""
    *facts, asked = re.split(r"(?<=[.?]) ", question)
    facts = [fact.rstrip(".") for fact in facts]
    asked = asked.rstrip("?")
    return _solve_events(facts, asked) if story == "events" else _solve_comparison(facts, asked, story)


def _solve_comparison(facts: list[str], asked: str, story: str) -> Fraction:
    amounts: dict[str, Fraction] = {}
    shared: Fraction | None = None
    bought: tuple[int, str] | None = None
    money: int | None = None
    for fact in facts:
        if found := re.fullmatch(SHARED, fact):
            shared = amounts[found[1]] / int(found[2])
        elif found := re.fullmatch(r"[A-Z]\w+ buys (\d+) (\w+)", fact):
            bought = (int(found[1]), found[2])
        elif found := re.fullmatch(r"[A-Z]\w+ had (\d+) coins", fact):
            money = int(found[1])
        elif (found := re.fullmatch(_SUBJECT[story], fact)) and (amount := _amount(found["q"], amounts)) is not None:
            amounts[found["s"]] = amount
    if shared is not None:
        return shared
    if bought is not None:
        singular = next(good for good in amounts if bought[1] == good + "s" or bought[1] == good + "es"
                        or (good == "scarf" and bought[1] == "scarves"))  # fmt: skip
        paid = bought[0] * amounts[singular]
        return paid if money is None else money - paid
    named = [word for word in re.findall(r"\w+", asked) if word in amounts]
    if "in total" in asked or "altogether" in asked:
        return sum((amounts[name] for name in named), Fraction(0))
    if "How many more" in asked:
        return amounts[named[0]] - amounts[named[1]]
    return amounts[named[-1]]


def _amount(phrase: str, amounts: dict[str, Fraction]) -> Fraction | None:
    """The number that a quantity phrase means; None where it is no quantity of the story (a distractor)."""
    if re.fullmatch(r"\d+ \w+", phrase):
        return Fraction(int(phrase.split()[0]))
    found = _COMPARED.fullmatch(phrase)
    if found is None:
        return None
    other = amounts[found["day"] or found["box"] or found["good"] or found["person"]]
    if found["k"]:
        return other + int(found["k"]) if found["sign"] == "more" else other - int(found["k"])
    times = found["times"]
    return other * (int(times.split()[0]) if times[0].isdigit() else FACTORS[times])


_EVENTS = (
    (r"\w+ (?:has|fills|buys) (?P<m>\d+) \w+ with (?P<k>\d+) \w+ each", lambda now, m: now + int(m["m"]) * int(m["k"])),
    (r"\w+ (?:has|starts with) (?P<k>\d+) \w+", lambda now, m: Fraction(int(m["k"]))),
    (r"\w+ (?:buys|finds|gets|wins) (?P<k>\d+) more \w+", lambda now, m: now + int(m["k"])),
    (r"\w+ (?:gives|sells|loses|uses) (?P<k>\d+) \w+(?: to \w+)?", lambda now, m: now - int(m["k"])),
    (r"\w+ (?:gives|loses) half of the \w+(?: to \w+)?", lambda now, m: now / 2),
    (r"Then the number of \w+ doubles", lambda now, m: now * 2),
    (r"Then the number of \w+ triples", lambda now, m: now * 3),
    (r"\w+ packs the \w+ equally into (?P<k>\d+) \w+", lambda now, m: now / int(m["k"])),
)


def _solve_events(facts: list[str], asked: str) -> Fraction:
    now = Fraction(0)
    hero = facts[0].split()[0]
    for fact in facts:
        found = next(((match, change) for form, change in _EVENTS if (match := re.fullmatch(form, fact))), None)
        if found is not None:
            now = found[1](now, found[0])
            hero = fact.split()[0]
    if not re.search(rf"does {hero} have (?:left|now)$|in each \w+$|does \w+ have (?:left|now)$", asked):
        raise Unreadable(asked)
    return now


def check_rationale(question: str, rationale: str, answer: str) -> list[str]:
    """What is wrong with the equations of a rationale: wrong results, numbers from nowhere, another answer."""
    known = set(re.findall(r"\d+", question))
    known |= {"2"} if re.search(r"twice|two times|half|doubles", question) else set()
    known |= {"3"} if re.search(r"thrice|three times|a third|triples", question) else set()
    wrong, results = [], []
    for left, symbol, right, result in EQUATION.findall(rationale):
        if calculate(int(left), symbol, int(right)) != int(result):
            wrong.append(f"{left} {symbol} {right} = {result}")
        unknown = [operand for operand in (left, right) if operand not in known and operand not in results]
        wrong += [f"{operand} from nowhere" for operand in unknown]
        results.append(result)
    if not results or results[-1] != answer:
        wrong.append(f"ends on {results[-1:]}, not {answer}")
    return wrong
