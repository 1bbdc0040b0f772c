"""Versions side by side, one switch, and no way to serve what is not provably valid."""

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from live_runs import policy, put

from migration.errors import BadInput
from migration.live import policies


def test_versions_activate_and_roll_back(run):
    live = run / "live"
    first = policies.read_active(live).version
    second = put(run, policy(0.9), share=0.25, shadow_share=0.1)
    assert set(policies.versions(live)) == {first, second}
    active = policies.read_active(live)
    assert (active.version, active.share, active.history) == (second, 0.25, (first,))
    assert policies.rollback(live).version == first
    with pytest.raises(BadInput, match="no version served before"):
        policies.rollback(live)


def test_a_change_is_seen_without_a_restart(run):
    store = policies.PolicyStore(run / "live")
    assert store.current().problem is None
    policies.update(run / "live", off=True, share=0.5)
    policies.suspend(run / "live", ["queue"])
    time.sleep(1.1 * policies.EVERY)
    active = store.current().active
    assert (active.off, active.share, active.suspended) == (True, 0.5, ("queue",))
    (run / "live" / "active.json").unlink()
    time.sleep(1.1 * policies.EVERY)
    assert "no policy was activated" in store.current().problem
    assert not store.current().policy.rungs


def test_a_policy_whose_groups_are_not_proved_cannot_serve(run):
    with pytest.raises(BadInput, match="proved"):
        put(run, policy(proved=False))
    with pytest.raises(BadInput, match="name of a policy version"):
        policies.activate(run / "live", "../../etc")


@pytest.mark.parametrize(
    "change",
    [{"share": float("nan")}, {"share": 2}, {"share": True}, {"share": "1"}, {"off": "no"}, {"suspended": "queue"},
     {"version": "../x"}, {"version": None}, {"unknown": 1}, {"shadow_share": -0.1}, {"suspended": [1]}],
)  # fmt: skip
def test_an_active_file_that_says_what_cannot_be_sends_everything_to_the_llm(run, change):
    file = run / "live" / "active.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    state = policies.load_state(run / "live")
    assert state.problem
    assert not state.policy.rungs


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_no_damage_to_a_policy_or_the_switch_opens_the_router(run, data):
    """A flipped bit leaves a policy that says the same, or closes the router."""
    live = run / "live"
    active = live / "active.json"
    whole = policies.load_state(live)
    name = data.draw(st.sampled_from([active, live / "policies" / f"{whole.active.version}.json"]))
    good = name.read_bytes()
    bad = bytearray(good)
    bad[data.draw(st.integers(0, len(good) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        name.write_bytes(bytes(bad))
        state = policies.load_state(live)
        assert state.problem or name == active or state.policy == whole.policy
        assert not (state.problem and state.policy.rungs)
    finally:
        name.write_bytes(good)
