"""The registry of methods: what each turns on."""

from __future__ import annotations

import pytest

from kpod import methods
from kpod.errors import InputError

ON = ["weighted_loss", "weighted_difficulty", "progressive", "diversity", "learns_weights"]


@pytest.mark.parametrize(
    ("name", "on"),
    [
        ("kpod", ON),
        ("kpod-sig", ["progressive", "diversity"]),
        ("kpod-sig-dif", ["weighted_loss", "progressive", "diversity", "learns_weights"]),
        ("kpod-prog", ["weighted_loss", "weighted_difficulty", "diversity", "learns_weights"]),
        ("kpod-div", ["weighted_loss", "weighted_difficulty", "progressive", "learns_weights"]),
        ("plain", []),
    ],
)
def test_what_each_method_turns_on(name, on):
    method = methods.get(name)
    assert [part for part in ON if getattr(method, part)] == on
    assert method.name == name and method.label and method.description


def test_all_methods_are_known_by_their_names():
    assert {name: method.name for name, method in methods.METHODS.items()} == {name: name for name in methods.METHODS}
    assert set(methods.METHODS) == {"kpod", "kpod-sig", "kpod-sig-dif", "kpod-prog", "kpod-div", "plain"}


def test_an_unknown_method_is_named_with_the_nearest():
    with pytest.raises(InputError, match=r"'kpood' is no method\. Did you mean kpod\? There are kpod, kpod-sig"):
        methods.get("kpood")
    with pytest.raises(InputError, match=r"'xyz' is no method\. There are kpod"):
        methods.get("xyz")
