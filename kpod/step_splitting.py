"""A rationale's steps as character spans (design: a step ends at a sentence's end or at a newline).

    "Tom has 3 boxes.\\nEach costs $1.50. So he pays 3 * 1.50 = $4.50."   ->   3 steps

Spans partition the text's non-space characters: in order, disjoint, none empty, none starting or
ending in white space. The delimiter belongs to the step that it ends. Text is only ever looked at, never
changed, so the spans can be mapped to tokens by the offsets of one tokenisation of the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from statistics import mean, median

from kpod.errors import InputError
from kpod.records import Span

MODES = ("sentence", "paper")

# A newline always ends a step; sentence marks come with the quotes, brackets and stars that close on them.
_LINE_BREAK = r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]"
_CANDIDATE = re.compile(
    rf"(?P<newline>{_LINE_BREAK})|(?P<marks>[.!?…]+|[。！？]+)(?P<closers>[\"'”’»)\]}}*_`]*(?:\$(?!\S))?)"
)
# A step of `paper` mode: text and the periods behind it, or periods that stand in front of all text.
_UP_TO_PERIOD = re.compile(r"[^\s.](?:[^.]*[^\s.])?(?:\s*\.)*|(?:\.\s*)*\.")
# No step ends at a mark in here. A bare `$...$` is not on the list: dollars are prices far more often.
_MATHS = re.compile(
    r"\\\[.{0,2000}?\\\]|\\\(.{0,2000}?\\\)|\$\$.{0,2000}?\$\$|\\(?:text\w*|boxed|mathrm)\{[^{}]{0,500}\}",
    re.DOTALL,
)

# "1." "(2)" "a)" "iv." "- 3." "Step 2:" "**Step 2:**": what numbers a step but is none itself.
_STEP_NUMBER = re.compile(
    r"[\s\-•*#>_]*(?:(?:step|part|case)\s+(?:\d{1,3}|[a-z]|[ivx]+)\s*[.:)]?[\s*_]*[.:]?"
    r"|\(?(?:\d{1,3}|[a-z]|[ivx]+)[.)]+)[\s*_]*",
    re.IGNORECASE,
)
_OPENER_LINE = re.compile(r"\\begin\{\w+\*?\}(?:\{[^}]*\})?|\\\[|\\\(|[\-•*>·◦▪–]|#{1,6}")
_CLOSER_LINE = re.compile(r"\\end\{\w+\*?\}|\\\]|\\\)")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Never a sentence's end, whatever follows.
_NEVER_FINAL = _words(
    """
    mr mrs ms mx dr prof gen sen rep capt sgt lt col rev hon fr st mt vs cf viz approx e.g i.e eg ie
    messrs mmes
    """
)
# A sentence's end only before a capital letter: units, closings, months, hours.
_FINAL_BEFORE_CAPITAL = _words(
    """
    etc jr sr inc ltd co corp bros dept est al ave blvd rd a.m p.m am pm in ft yd mi oz lb lbs sq cu
    pt qt gal tsp tbsp min max avg hr hrs sec wk wks yr yrs mo cm mm km kg mg ml g m l h s jan feb
    mar apr jun jul aug sep sept oct nov dec
    """
)
# An abbreviation only where a number follows: "No. 5", "Fig. 3".
_BEFORE_NUMBER = _words(
    """
    no nos fig figs eq eqs ch vol pp p pg sec art c ca
    """
)
# After initials ("John F. Kennedy", "the U.S. Army") only these open a new sentence.
_SENTENCE_OPENERS = _words(
    """
    the this that these those then there therefore thus so since he she it they we you his her its
    their our if in on at for from by to and but or as after before because when while what which
    who how now next first second finally hence also let let's each every both all one another given
    subtract add multiply divide however of with total only again solving
    """
)
_WORD_BEFORE = re.compile(r"[^\W\d_]+(?:\.[^\W\d_]+)*$")
_ANSWER_LETTER = re.compile(r"\b(?:is|be|option|choice|answer|equals)\s+\(?[A-Z]$")
_OPERATORS = "=+×÷/<>≈≤≥≠^,;:"


def split_steps(text: str, mode: str = "sentence") -> list[Span]:
    """The steps of `text` as (start, end) characters; an empty or blank text has none.

    `sentence`: a step ends at a sentence-final `.` `!` `?` or at a newline. Decimals, thousands,
    abbreviations, initials and list numbers (`1.`, `Step 2:`) end none, nor does a mark inside LaTeX; every
    line is a step of its own, a lone equation too. A piece that says nothing (a bullet, `\\[`, `---`) joins
    the step that it opens, or else the one before it.
    `paper`: a step ends at every literal `.`, decimals included; newlines end none. A text without any `.`
    is one step, and dots that follow one another end one step.

    Raises InputError for another mode.
    """
    if mode not in MODES:
        raise InputError(f"There is no step splitting mode {mode!r}. Use one of: {', '.join(MODES)}.")
    if mode == "paper":
        return [match.span() for match in _UP_TO_PERIOD.finditer(text)]
    return _join_empty_pieces(text, _pieces(text, _sentence_ends(text)))


def steps_per_rationale(rationales: Iterable[str], mode: str = "sentence") -> dict[str, float]:
    """Count of rationales, and mean, median and maximum of steps per rationale (zeros if none)."""
    counts = [len(split_steps(rationale, mode)) for rationale in rationales]
    if not counts:
        return {"rationales": 0, "mean": 0.0, "median": 0.0, "max": 0}
    return {"rationales": len(counts), "mean": mean(counts), "median": median(counts), "max": max(counts)}


def steps_table(rationales_by_name: dict[str, Sequence[str]]) -> list[dict[str, str | float]]:
    """One row a data set and mode: name, mode, rationales, mean, median, max of steps per rationale."""
    return [
        {"name": name, "mode": mode, **steps_per_rationale(rationales, mode)}
        for name, rationales in rationales_by_name.items()
        for mode in MODES
    ]


def _sentence_ends(text: str) -> list[int]:
    """Characters after which a new piece begins, in order."""
    ends: list[int] = []
    maths = [match.span() for match in _MATHS.finditer(text)]
    next_maths = piece_start = 0
    for match in _CANDIDATE.finditer(text):
        while next_maths < len(maths) and maths[next_maths][1] <= match.start():
            next_maths += 1
        in_maths = next_maths < len(maths) and maths[next_maths][0] <= match.start()
        if match["newline"] or (not in_maths and _ends_sentence(text, piece_start, match)):
            piece_start = match.end()
            ends.append(piece_start)
    return ends


def _ends_sentence(text: str, piece_start: int, match: re.Match[str]) -> bool:
    """Whether the marks of `match` end the sentence that began at `piece_start`."""
    marks, closers = match["marks"], match["closers"]
    if marks[0] in "。！？" or match.end() == len(text):
        return True
    following = text[match.end() : match.end() + 40]
    if not following[0].isspace():
        return _is_glued(text, piece_start, match, following)
    following = following.lstrip()
    if following[:1] and following[0] in _OPERATORS:
        return False
    is_lower = following[:1].islower()
    if closers.strip("*_`$") and is_lower:  # "Really?" she asked
        return False
    if marks.startswith((".", "…")):
        if len(marks) > 1 or marks == "…":  # 0.333... of it
            return not is_lower
        return _period_ends_sentence(text, piece_start, match.start(), following)
    before = text[max(0, match.start() - 1) : match.start()]
    is_factorial = marks == "!" and before.isdigit() and is_lower  # 5! is 120
    is_unknown = marks == "?" and before in "=+-*/×÷ "  # 5 + ? makes 8
    return not is_factorial and not is_unknown


def _period_ends_sentence(text: str, piece_start: int, position: int, following: str) -> bool:
    """Whether the one period at `position`, with white space behind it, ends a sentence."""
    # White space in front of a step is not part of it; a window keeps long texts linear.
    if position - piece_start < 60 and _STEP_NUMBER.fullmatch(text, piece_start, position + 1):
        return False
    before = text[max(piece_start, position - 40) : position]
    word_match = _WORD_BEFORE.search(before)
    if word_match is None:
        return True
    word, first = word_match.group(), following[:1]
    lowered = word.lower()
    if lowered in _NEVER_FINAL or (lowered in _BEFORE_NUMBER and first.isdigit()):
        return False
    if lowered in _FINAL_BEFORE_CAPITAL:
        return not first.islower()
    is_initial = len(word) == 1 and word.isupper()
    if is_initial and _ANSWER_LETTER.search(before):
        return True
    if is_initial or "." in word:
        opener = re.match(r"[A-Za-z']+", following)
        return not first.isalpha() or (
            first.isupper() and opener is not None and opener.group().lower() in _SENTENCE_OPENERS
        )
    return True


def _is_glued(text: str, piece_start: int, match: re.Match[str], following: str) -> bool:
    """Whether a sentence begins right behind the marks, without a space: "... in total.So she"."""
    if match["closers"] or not re.match(r"(?:[A-Z][a-z]+|I)[\s,']", following):
        return False
    before = text[max(piece_start, match.start() - 40) : match.start()]
    return re.search(r"(?:^|\s)[$(]?(?:(?!www)[a-z]{2,}|[\d,]+(?:\.\d+)?%?)$", before) is not None


def _pieces(text: str, ends: Sequence[int]) -> list[Span]:
    """The stretches between `ends`, without the white space around them; blank ones are left out."""
    pieces = []
    for start, end in zip([0, *ends], [*ends, len(text)], strict=True):
        body = text[start:end]
        if stripped := body.strip():
            first = start + len(body) - len(body.lstrip())
            pieces.append((first, first + len(stripped)))
    return pieces


def _join_empty_pieces(text: str, pieces: Sequence[Span]) -> list[Span]:
    """Pieces that say nothing go to the step that they open, else to the step before them."""
    steps: list[Span] = []
    pending: int | None = None  # start of an opener that waits for its step
    fences = 0  # `$$` and ``` so far: an odd one opens
    for start, end in pieces:
        body = text[start:end]
        is_fence = body in ("$$", "```")
        fences += is_fence
        opens = (
            (is_fence and fences % 2 == 1)
            or _OPENER_LINE.fullmatch(body) is not None
            or (len(body) < 60 and _STEP_NUMBER.fullmatch(body) is not None)
        )
        if opens:
            pending = start if pending is None else pending
        elif steps and pending is None and (_CLOSER_LINE.fullmatch(body) or not any(map(str.isalnum, body))):
            steps[-1] = (steps[-1][0], end)
        else:
            steps.append((start if pending is None else pending, end))
            pending = None
    if pending is not None:  # an opener that nothing followed: "5." is a step, "---" is none
        last_end = pieces[-1][1]
        if steps and not any(map(str.isalnum, text[pending:last_end])):
            steps[-1] = (steps[-1][0], last_end)
        else:
            steps.append((pending, last_end))
    return steps
