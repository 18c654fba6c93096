from __future__ import annotations

import pytest

from datamodels.scope import Scope, firmware


@pytest.mark.parametrize(
    ("scope", "fits"),
    [
        (Scope(), True),
        (Scope("02A5C1"), True),
        (Scope("02A5C2"), False),
        (Scope("", "Bo*"), True),
        (Scope("", "Bo"), False),
        (Scope("", "", firmware(">=1.9 <2")), True),
        (Scope("", "", firmware("1.9")), False),
    ],
)
def test_a_scope_fits_what_it_does_not_exclude(scope, fits):
    assert scope.fits("02A5C1", "Box", "1.10") is fits


def test_the_product_class_says_more_than_the_oui_and_a_firmware_counts_within():
    ranked = [Scope(), Scope("02A5C1"), Scope("02A5C1", "", firmware("1.*")), Scope("", "B*"), Scope("", "Box"), Scope("02A5C1", "Box")]
    assert sorted(ranked, key=lambda scope: scope.rank) == ranked
