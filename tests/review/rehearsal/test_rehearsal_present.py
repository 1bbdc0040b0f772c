"""Go only where every check holds; where nothing is routed the rehearsal still ends, and says so."""

import dataclasses

import pytest

from migration.review import rehearsal
from migration.routing.policy import Router


def rehearsed(calls, predictions, policy):
    played = rehearsal.play([], Router(policy), None)
    drawn = rehearsal.held_out(calls, 100, seed=1)
    return rehearsal.rehearse(drawn, rehearsal.recorded(predictions, policy), policy, played, faults=rehearsal.Faults())


def test_a_sound_policy_may_go(calls, predictions, policy):
    right = [frame.assign(agrees=True) for frame in predictions]
    found = rehearsed(calls, right, policy)
    checked = rehearsal.checks(found, most_slower=1.5)
    assert rehearsal.go_sentence(found, checked).startswith("Go")
    assert "shadow alone" in rehearsal.go_sentence(found, checked, shifted=True)
    summary = rehearsal.rehearsal_summary(found, checked)
    assert summary["go"]
    assert summary["slm_share"] == pytest.approx(2 / 3)
    for table in (rehearsal.arms_table(found), rehearsal.checks_table(checked), rehearsal.faults_table(found.faults)):
        assert "<table" in table.to_html()


def test_a_policy_that_loses_too_much_may_not(calls, predictions, policy):
    wrong = [frame.assign(agrees=False) for frame in predictions]
    found = rehearsed(calls, wrong, policy)
    sentence = rehearsal.go_sentence(found, rehearsal.checks(found, most_slower=1.5))
    assert sentence.startswith("No-go: answers that differ, of all")


def test_nothing_routed_is_no_go_and_no_failure(calls, predictions, policy):
    found = rehearsed(calls, predictions, dataclasses.replace(policy, rungs={}, guarantee=None))
    checked = rehearsal.checks(found, most_slower=1.5)
    assert rehearsal.go_sentence(found, checked).startswith("No-go: nothing is routed")
    assert rehearsal.rehearsal_summary(found, checked)["slm_share"] == 0
