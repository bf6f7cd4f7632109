import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpod.errors import InputError
from kpod.step_splitting import MODES, split_steps, steps_per_rationale, steps_table


def pieces(text, mode="sentence"):
    return [text[start:end] for start, end in split_steps(text, mode)]


SENTENCES = {
    "decimals": ("A pen is 1.50 each. So 4 pens cost 6.0 coins.", 2),
    "price at the end": ("He pays $3.50. Then he leaves.", 2),
    "thousands": ("The farm sold 1,000 eggs. It kept 2,500.", 2),
    "title": ("Mr. Oak met Mrs. Elm and Dr. Ash. They shared 9 nuts.", 2),
    "e.g. and i.e.": ("Take a coin, e.g. a dime, i.e. 10 cents. Double it.", 2),
    "hours": ("The bus left at 3 p.m. and came at 5 p.m. Then it rested.", 2),
    "initials": ("Paul R. Stone has 4 kites. J. K. Reed has 5.", 2),
    "acronym": ("The U.S. Mint struck 8 coins. He lives in the U.S. They agree.", 3),
    "answer letter": ("Only plan B fits, so the answer is B. Stop here.", 2),
    "units": ("The rope is 12 in. long. It weighs 3 lbs. in all. Cut 5 ft. Then 2 are left.", 4),
    "number abbreviation": ("Look at No. 5 and Fig. 2. No. That is wrong.", 3),
    "list numbers": ("1. Add 2 and 3.\n2. Double the 5.\n3) Stop.", 3),
    "list numbers in a line": ("1. Add 2 and 3. 2. Double the 5.", 2),
    "step words": ("Step 1: Add 2 and 3. Step 2: Double the 5.\nStep 3. Stop.", 3),
    "step word alone": ("Step 1:\nAdd 2 and 3.\n**Step 2.**\nDouble it.", 2),
    "list number alone": ("1.\nAdd 2 and 3\n2.\nDouble it", 2),
    "bullets": ("- Add 2 and 3\n* Double it\n• Stop", 3),
    "bullet alone": ("-\nAdd 2 and 3", 1),
    "lone equations": ("We add:\n2 + 3 = 5\n5 * 2 = 10\nSo 10.", 4),
    "equation over lines": ("total = 2 + 3\n= 5\n= 5.0", 3),
    "display maths": ("We get\n\\[\nx = 2. 5 + y\n\\]\nDone.", 3),
    "aligned maths": ("\\begin{aligned}\nx &= 2 + 3 \\\\\n&= 5\n\\end{aligned}", 2),
    "dollar fence": ("$$\nx = 5\n$$\nSo 5.", 2),
    "literal backslash n": (r"As x \neq 3, we take \nu = 2. Then $x \ne 0$.", 2),
    "inline maths": (r"Here \(x = 1. 5\) holds. So \text{Mr. Oak. Jr. has} 3.", 2),
    "unicode fractions": ("She ate ½ of it. ⅓ is left.", 2),
    "no final period": ("Add 2 and 3. That makes 5", 2),
    "question and exclamation": ("How many? Five! Good.", 3),
    "quoted question": ('"How many?" she asked. "Five." He nodded.', 3),
    "factorial": ("Note 5! = 120. And 3! is 6.", 2),
    "unknown": ("Solve 5 + ? = 8. So ? is 3.", 2),
    "dots": ("It is 0.333... of it. Well... So it is.", 3),
    "glued sentences": ("He has 5 in total.So she has 6.", 2),
    "file name": ("Open www.oak.com or node.js now. Done.", 2),
    "lower case sentence": ("he has 5 in total. so she has 6.", 2),
    "sum set out by hand": ("  12\n+ 30\n-----\n  42", 3),
    "rule between": ("Add 2 and 3.\n---\nThat makes 5.", 2),
    "carriage returns": ("Add 2\r\nand 3\r\n\r\nStop", 3),
    "wide full stop": ("共有5个。答案是5。", 2),
    "last line is a number": ("The answer is\n5.", 2),
}


@pytest.mark.parametrize("name", SENTENCES)
def test_sentence_steps(name):
    text, expected = SENTENCES[name]
    assert len(pieces(text)) == expected, pieces(text)


def test_delimiter_belongs_to_the_step_it_ends():
    assert pieces(' Tom pays $1.50! "Fine."\n 3 * 1.50 = 4.50 ') == [
        "Tom pays $1.50!",
        '"Fine."',
        "3 * 1.50 = 4.50",
    ]


def test_numbers_and_bullets_stay_with_their_step():
    assert pieces("1.\nAdd.\n- Step 2: Go.") == ["1.\nAdd.", "- Step 2: Go."]
    assert pieces("\\[\nx = 5\n\\]\nEnd") == ["\\[\nx = 5\n\\]", "End"]


def test_paper_mode_splits_at_every_period():
    assert pieces("It costs 1.50. Mr. X\npays", "paper") == ["It costs 1.", "50.", "Mr.", "X\npays"]
    assert pieces("no period\nat all ", "paper") == ["no period\nat all"]
    assert pieces("Well... . so", "paper") == ["Well... .", "so"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", ["", "  \n\t "])
def test_blank_text_has_no_steps(mode, text):
    assert split_steps(text, mode) == []


def test_unknown_mode_names_the_modes():
    with pytest.raises(InputError, match=r"'words'.*sentence, paper"):
        split_steps("a", "words")


FRAGMENTS = st.sampled_from(
    [
        "Mr. ",
        "1. ",
        "Step 2: ",
        "\n",
        "\r\n",
        "$3.50",
        "1,000",
        "...",
        "?",
        "! ",
        ". ",
        ".",
        " ",
        "\\[",
        "\\]",
        "\\n",
        "$$",
        "```",
        "- ",
        "• ",
        "½",
        "e.g. ",
        "\\begin{align}",
        "\\end{align}",
        "Tom",
        "has",
        "x = 5",
        "\u200b",
        "\u2028",
        "(a) ",
        "\\text{",
        "}",
        '"',
        ")",
        "。",
        "J. ",
        "p.m. ",
    ]
)


@pytest.mark.parametrize("mode", MODES)
@settings(deadline=None)
@given(text=st.one_of(st.text(), st.lists(FRAGMENTS, max_size=30).map("".join)))
def test_steps_partition_the_characters(mode, text):
    spans = split_steps(text, mode)
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())
    assert all(start < end for start, end in spans)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
    assert all(text[start:end].strip() == text[start:end] for start, end in spans)


@settings(deadline=None)
@given(st.lists(FRAGMENTS, max_size=30).map("".join))
def test_sentence_steps_say_something(text):
    """Unless nothing in the text does, every step holds a letter, a digit or a formula."""
    steps = pieces(text)
    if len(steps) > 1:
        assert all(any(map(str.isalnum, step)) for step in steps[1:])


@settings(deadline=None)
@given(st.lists(FRAGMENTS, max_size=20).map("".join), st.integers(0, 5))
def test_steps_of_stripped_text_are_the_same(text, indent):
    assert pieces(" " * indent + text + "\n" * indent) == pieces(text)


def test_long_text_is_linear():
    """A hundred thousand characters of openers and dots end in far less than the tests' patience."""
    for unit in ("\\[ ", ". ", "a.b ", "1. ", "$$", "\\text{", "x! "):
        text = unit * (100_000 // len(unit))
        assert "".join(pieces(text)).replace(" ", "") == text.replace(" ", "")


def test_counts_of_steps():
    texts = ["One. Two.", "Costs 1.50.", "A\nB\nC"]
    assert steps_per_rationale(texts) == {"rationales": 3, "mean": 2, "median": 2, "max": 3}
    rows = steps_table({"mine": texts})
    assert rows[1] == {"name": "mine", "mode": "paper"} | steps_per_rationale(texts, "paper")
    assert (rows[1]["mean"], rows[1]["median"], rows[1]["max"]) == (pytest.approx(5 / 3), 2, 2)
    assert steps_per_rationale([]) == {"rationales": 0, "mean": 0.0, "median": 0.0, "max": 0}


@pytest.mark.data
def test_real_rationales_have_sane_steps(shared_data):
    """On every third rationale of every file: a partition, as many steps as people would count, none void."""
    checked = 0
    for path in sorted(shared_data.glob("*/*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            rationales = [row["rationale"] for row in map(json.loads, lines) if row["rationale"]][::3]
        if not rationales:
            continue
        checked += 1
        counts = []
        for rationale in rationales:
            steps = pieces(rationale)
            assert "".join("".join(steps).split()) == "".join(rationale.split()), path
            assert all(any(map(str.isalnum, step)) for step in steps), (path, steps)
            counts.append(len(steps))
        assert 2 <= sorted(counts)[len(counts) // 2] <= 6, path
        assert max(counts) <= 80, path
    assert checked == 9
