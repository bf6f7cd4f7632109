from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpod.tasks import answers

NUMBERS = {
    "The answer is 18.": "18",
    "the ANSWER is: 18 apples in all": "18",
    "Therefore, the answer is $1,250.00.": "1250",
    "The answer is -7.": "-7",
    "The answer is − 7 degrees.": "-7",
    "The answer is -$5.50": "-5.5",
    "The answer is $-5.50": "-5.5",
    "The answer is 25%.": "25",
    "The answer is 3/4 of a cake.": "0.75",
    "So 2/6 of it, the answer is 2/6.": "1/3",
    "The answer is 1 1/2 cups.": "1.5",
    "The answer is 1½ cups.": "1.5",
    "The answer is ⅓.": "1/3",
    "The answer is 3 + 4 = 7 pens, not 8.": "7",
    "The answer is x = 12": "12",
    "The answer is:\n\n12 pens": "12",
    "So the answer to the puzzle is simply:\n12 pens": "12",
    "The answer is **12**.": "12",
    "Answer: 12 (of 40)": "12",
    "The answer would be 0.50.": "0.5",
    "The answer is four.": "4",
    "The answer is 007.": "7",
    "The answer is Mrs. Reed, who had 5 of 9.": "5",
    "The answer is 4. The answer is 5.": "5",
    "The answer is 4.\nQ: How many more?\nA: The answer is 99.": "4",
    "9 left. #### 1,000": "1000",
    "So \\boxed{42} of 50 remain.": "42",
    "So \\boxed{-\\frac{1}{4}} remain.": "-0.25",
    "So \\boxed{1\\frac{1}{2}} remain.": "1.5",
    "So \\boxed{12\\text{ feet}}, as 3 says.": "12",
    "So \\boxed{1{,}200} and \\boxed{\\$1\\,300}": "1300",
    "\\dfrac12 of it": "0.5",
    "5 boxes of 3 make 15 pens": "15",
    "He pays $4.50.": "4.5",
    "12 - 5 = 7": "7",
    "from 12-7": "7",
    "left over: x - 5": "5",
    "It is (-3)": "-3",
    "He owns $12 000.": "12000",
    "x^2 and m2 stand for 4 things": "4",
    "That makes 10/4.": "2.5",
    "It rose by .5": "0.5",
    "worth 2 million": "2",
    "He read 5 10/2": "5",
    # Commas, units, percentages, negatives, money and LaTeX as students and teachers write them.
    "Therefore, the answer is 12,345,678.": "12345678",
    "Therefore, the answer is 1,234.50 km/h.": "1234.5",
    "Therefore, the answer is 12.5 %.": "12.5",
    "Therefore, the answer is 12.5 percent.": "12.5",
    "Therefore, the answer is 12\\%.": "12",
    "Therefore, the answer is -0.75.": "-0.75",
    "Therefore, the answer is -1 1/2.": "-1.5",
    "Therefore, the answer is 2 3/4 hours.": "2.75",
    "Therefore, the answer is €1,000.": "1000",
    "Therefore, the answer is 20¢.": "20",
    "Therefore, the answer is $12 per hour.": "12",
    "Therefore, the answer is 3 feet 4 inches.": "3",
    "Therefore, the answer is $\\frac{3}{4}$.": "0.75",
    "Therefore, the answer is $-\\frac{3}{4}$.": "-0.75",
    "Therefore, the answer is \\( 42 \\).": "42",
    "Therefore, the answer is $\\boxed{1,250}$.": "1250",
    "Therefore, the answer is \\boxed{2\\frac{1}{2}} hours.": "2.5",
    "Therefore, the answer is \\text{18}.": "18",
    "Therefore, the answer is 7.\nTherefore, the answer is 8.": "8",
    "Therefore, the answer is (18).": "18",
    "Therefore, the answer is 18th.": "18",
    "So 3 * 6 = 18 pens.\nTherefore, the answer is 18": "18",
    # How small students run on, and where they are cut off.
    "12 + 20 = 32. 32 is the answer.\nB: Let us see. There are 5 rows": "32",
    "Then 4 pens is the right answer, and not 5.": "4",
    "The answer is 4.\nB: The answer is": "4",
    "The answer is 10 + 16 = 26.\nThe answer is 10 + 16": "26",
    "The answer is 26.\n\nThe answer is 10 + 16 =": "26",
    "So 5 - 2 = 3. The answer is 5 - 2": "5",
    "The answer is 4. No, the answer is 5 - not 4.": "5",
    "She has 4 + 5 = 9 pens.\nB: A pen costs $1.10 more.": "9",
    "In all we have:\nB: 5 + 6 = 11": "11",
    "Their ages are as 1:2.\nL:B = 1:2, so 4.": "4",
}


@pytest.mark.parametrize("text", NUMBERS)
def test_number_of_a_text(text):
    assert answers.extract_number(text) == NUMBERS[text]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no idea",
        "He has 5 pens. The answer is unknown.",
        "He has 5. The answer is",
        "9" * 200,
        "1/0",
    ],
)
def test_no_number(text):
    assert answers.extract_number(text) is None


def test_canonical_number_by_hand():
    values = {
        "3/4": "0.75",
        "1/3": "1/3",
        "-5/2": "-2.5",
        "1000": "1000",
        "1/40": "0.025",
        "-1/8": "-0.125",
        "0": "0",
    }
    assert {text: answers.canonical_number(Fraction(text)) for text in values} == values


@settings(deadline=None)
@given(st.fractions(max_denominator=10**6))
def test_canonical_number_is_exact(value):
    text = answers.canonical_number(value)
    assert Fraction(text) == value
    assert answers.parse_number(text) == value


@settings(deadline=None)
@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4))
def test_any_spelling_gives_the_same_canonical_form(value):
    spelled = f"${value:,.4f}" if value >= 0 else f"-${-value:,.4f}"
    assert Decimal(answers.extract_number(f"So the answer is {spelled}.")) == value
    assert "," not in answers.extract_number(spelled)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_extraction_never_fails(text):
    for extract in (answers.extract_number, answers.extract_letter, answers.extract_yes_no):
        assert extract(text) is None or extract(text)


@pytest.mark.parametrize(
    ("predicted", "gold", "equal"),
    [
        ("1000", "1,000.00", True),
        ("0.5", "1/2", True),
        ("0.33", "1/3", False),
        ("0.1", "0.10", True),
        ("-5", "5", False),
        (None, "5", False),
        ("many", "5", False),
        ("9007199254740993", "9007199254740992", False),  # equal as floats
    ],
)
def test_numbers_are_compared_exactly(predicted, gold, equal):
    assert answers.numbers_equal(predicted, gold) is equal


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$1,200", 1200),
        ("9 (apples)", 9),
        ("50 %", 50),
        ("-3/6", Fraction(-1, 2)),
        ("6th", 6),
        ("-(1/3)", Fraction(-1, 3)),
        ("5:45", None),
        ("2; 6", None),
        ("Mrs. 5", None),
        ("", None),
        ("3 + 4", None),
        ("1/0", None),
    ],
)
def test_a_text_that_is_one_number(text, value):
    assert answers.parse_number(text) == value


LETTERS = {
    "The answer is (C).": "C",
    "The answer is C.": "C",
    "the answer is c": "C",
    "The answer is [D]": "D",
    "The answer is (b) the dog": "B",
    "The answer is: **B**": "B",
    "The answer is option D": "D",
    "The answer is A because it is near.": "A",
    "Answer: E": "E",
    "So \\boxed{B}.": "B",
    "So \\boxed{\\text{D}}.": "D",
    "#### E": "E",
    "D": "D",
    "(b).": "B",
    "(A) is too far, (B) fits.": "B",
    "Only choice C is left.": "C",
    "Therefore, the answer is (C). Bears sleep in it.": "C",
    "Therefore, the answer is C. Because B is far.": "C",
    "Therefore, the answer is C, not B.": "C",
    "Therefore, the answer is C) park.": "C",
    "Therefore, the answer is $\\boxed{C}$.": "C",
    "Therefore, the answer is \\textbf{(C)}.": "C",
    "Therefore, the answer is **(C)**.": "C",
    "Therefore, the answer is Option (c).": "C",
    "(C) park": "C",
    "(C) is the answer, and (A) is too far.": "C",
    "So B is too far, and C is the correct answer.": "C",
    "The answer is (C).\nB: The answer is": "C",
}


@pytest.mark.parametrize("text", LETTERS)
def test_letter_of_a_text(text):
    assert answers.extract_letter(text) == LETTERS[text]
    assert answers.extract_letter(text, ["zoo", "dog", "park", "river bank", "bank"]) == LETTERS[text]


def test_no_letter():
    for text in (
        "",
        "The answer is a bank.",
        "I do not know",
        "A dog barks.",
        "The answer is",
        "The choices vary.",
    ):
        assert answers.extract_letter(text) is None, text


def test_words_of_a_choice_count_where_choices_are_known():
    choices = ["bank", "river bank", "dog park", "trees"]
    cases = {
        "The answer is a bank.": "A",
        "The answer is the river bank.": "B",
        "It must be green. Only a tree is.": "D",
        "It could be a dog park. Only dogs know.": "C",
        "Only a tree or a bank fits.": None,
        "The answer is Q. bank.": "A",  # there is no option Q
        "None of them.": None,
    }
    assert {text: answers.extract_letter(text, choices) for text in cases} == cases


INFLECTED = {
    "Only whistling a tune helps.": ["sing loudly", "whistle tune", "sit"],
    "Only putting on boots keeps one dry.": ["hats", "put on boots", "puts"],
    "So only bakeries sell it.": ["bank", "bakery", "bread shop"],
    "Only buses stop there.": ["busy street", "bus", "taxi"],
    "It takes being brave.": ["bees", "be brave", "brav"],
    "One would be watching a movie.": ["cinema", "watches movies", "watch"],
    "She keeps a diary, I say.": ["diary of a king", "keep the diary", "kep"],
}


@pytest.mark.parametrize("text", INFLECTED)
def test_words_of_a_choice_count_in_another_form(text):
    assert answers.extract_letter(text, INFLECTED[text]) == "B"


def test_words_as_they_stand_come_before_words_in_another_form():
    choices = ["swim", "boats", "take swimming lessons"]
    assert answers.extract_letter("A boat is what one needs. For that no swimming counts.", choices) == "B"
    assert answers.extract_letter("For that only swimming counts.", choices) == "A"
    assert answers.extract_letter("For that only singing counts.", ["king", "thing", "sing"]) == "C"


def test_two_choices_of_the_same_words_are_named_by_neither():
    assert answers.extract_letter("One may rest.", ["rest", "eat", "rest"]) is None
    assert answers.extract_letter("They are resting.", ["rests", "eat", "rest"]) is None
    assert answers.extract_letter("The answer is eating.", ["rest", "eat", "rest"]) == "B"


def test_a_letter_beyond_the_choices_is_no_answer():
    assert answers.extract_letter("The answer is (E).", ["x", "y"]) is None


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("Therefore, the answer is St. Louis. It is far.", "St. Louis"),
        ("The answer is Mt. Fuji.", "Mt. Fuji"),
        ("The answer is Anna W. Reed. She won.", "Anna W. Reed"),
        ("The answer is A. B. Reed. She won.", "A. B. Reed"),
        ("The answer is C. Bears sleep.", "C"),
        ("The answer is 3:30 p.m. on Friday", "3:30 p.m"),
    ],
)
def test_a_statement_ends_with_its_sentence(text, statement):
    """Not at the period of a title or of an initial."""
    assert answers.answer_statements(text) == [statement]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Therefore, the answer is yes.", "yes"),
        ("The answer is No, he cannot.", "no"),
        ("The answer is true.", "yes"),
        ("Bears sleep. So no.", "no"),
        ("Yes, since there is no snow.", "yes"),
        ("There is no snow in the desert.", None),
        ("The answer is maybe.", None),
        ("Not at all, nobody knows", None),
    ],
)
def test_yes_or_no(text, answer):
    assert answers.extract_yes_no(text) == answer


def test_rationale_that_ends_on_another_number():
    text = "He runs 65 - 50 = 15 minutes more for the 5 miles."
    assert answers.extract_number(text) == "5"
    assert answers.answer_holds_number(text, "15")
    assert not answers.answer_holds_number(text, "16")
    assert not answers.answer_holds_number("It is 15. No, it is 9 now.", "15")
    assert not answers.answer_holds_number(f"{text} The answer is 5.", "15")


def test_numbers_of_a_text_in_order():
    assert answers.find_numbers("3 pens at $1,000.5, -2 and 1/4") == [
        3,
        Fraction("1000.5"),
        -2,
        Fraction(1, 4),
    ]
