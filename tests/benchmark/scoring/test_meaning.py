"""Two texts say the same only where nothing in one is missing from the other."""

import pytest

from migration.benchmark.scoring.meaning import says_part, says_same

CONTRADICTIONS = {
    "negated": ("You can cancel the order.", "You cannot cancel the order."),
    "negation moved": ("We do not charge members who cancel.", "We charge members who do not cancel."),
    "roles swapped": ("The seller pays the buyer $20.", "The buyer pays the seller $20."),
    "one digit": ("Send it within 3 days.", "Send it within 5 days."),
    "digits swapped": ("Pay 12 euros on day 3.", "Pay 3 euros on day 12."),
    "number word": ("You may return two items.", "You may return three items."),
    "outcome": ("Your refund was approved.", "Your refund was declined."),
    "will": ("We will send it again.", "We won't send it again."),
    "only": ("Members can return shoes.", "Only members can return shoes."),
    "except": ("All items are covered except shoes.", "All items are covered, shoes included."),
    "condition": ("We refund you if it arrives late.", "We refund you unless it arrives late."),
    "condition swapped": ("If you pay, we ship.", "If we ship, you pay."),
    "currency": ("It costs $20.", "It costs \u20ac20."),
    "name": ("Ann approved it for Bob.", "Ann approved it for Carl."),
    "unit": ("It takes 3 days.", "It takes 3 weeks."),
    "time": ("Call before Monday.", "Call after Monday."),
    "question": ("It is covered.", "Is it covered?"),
    "steps": ("1. Pay.\n2. Ship.", "1. Ship.\n2. Pay."),
}


@pytest.mark.parametrize("kind", CONTRADICTIONS)
def test_a_contradiction_never_passes(kind):
    one, other = CONTRADICTIONS[kind]
    for said, wanted in ((one, other), (other, one)):
        assert not says_same(said, wanted)
        assert not says_part(said, wanted)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("We can't refund it.", "We cannot refund it."),
        ("Hello! The parcel left today. Thank you for contacting us.", "The parcel left today."),
        ("Please select two items.", "Pick 2 items."),
        ("The parcel left today. Shoes cost 20 euros.", "Shoes cost 20 euros. The parcel left today."),
        ("If you pay now, we ship today.", "We ship today if you pay now."),
    ],
)
def test_listed_ways_to_say_it_pass(one, other):
    assert says_same(one, other)


def test_a_summary_may_leave_out_what_decides_nothing():
    assert says_part("The customer asked about shoes.", "The customer asked about shoes. The shop sells boots.")
    assert not says_part("The customer asked about shoes.", "The customer asked about shoes. The refund was declined.")
    assert not says_part("The customer asked about hats.", "The customer asked about shoes.")
