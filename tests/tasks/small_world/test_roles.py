from __future__ import annotations

from kpod.tasks.small_world.roles import Piece, capitalised, fill, plain, role_spans, token_roles


def test_a_template_is_filled_and_every_part_keeps_its_role():
    slots = {"s": Piece("Ben", "name"), "eq": [Piece("2", "number"), Piece(" ", "other"), Piece("*", "operator")]}
    pieces = fill("{s} has <twice> {eq}", slots)
    assert plain(pieces) == "Ben has twice 2 *"
    spans = [(0, 3, "name"), (4, 7, "other"), (8, 13, "cue"), (14, 15, "number"), (16, 17, "operator")]
    assert role_spans(pieces) == spans


def test_a_sentence_begins_with_a_capital():
    assert plain(capitalised([Piece("now we see", "filler"), Piece(" it", "other")])) == "Now we see it"


def test_the_role_of_a_token_is_that_of_its_first_visible_character():
    text, roles = "So 12 figs.", [(0, 2, "filler"), (3, 5, "number"), (6, 10, "unit"), (10, 11, "other")]
    spans = [(0, 2), (2, 4), (4, 5), (5, 6), (5, 10), (10, 11)]
    assert token_roles(text, spans, roles) == ["filler", "number", "number", "other", "unit", "other"]
