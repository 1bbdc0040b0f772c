"""Which adapter a candidate is served with, wherever the run lies."""

from migration.live.rungs.local import adapter_of
from migration.routing.policy import Candidate
from migration.schema import CandidateKind


def served(run, adapter):
    return adapter_of(run, Candidate(CandidateKind.SLM, "base", "base", adapter))


def test_a_run_that_was_moved_serves_its_own_adapter(tmp_path):
    (tmp_path / "03_qlora_finetune" / "adapter").mkdir(parents=True)
    (tmp_path / "07_weekly_review" / "2026-W01" / "adapter").mkdir(parents=True)
    own = str(tmp_path / "03_qlora_finetune" / "adapter")
    assert served(tmp_path, "outputs/elsewhere/cache/03_qlora_finetune/1/best") == own
    assert served(tmp_path, "/gone/outputs/mine/cache/best") == own
    review = "07_weekly_review/2026-W01/adapter"
    assert served(tmp_path, review) == str(tmp_path / review)


def test_without_an_adapter_in_the_run_the_named_one_is_taken(tmp_path):
    assert served(tmp_path, "") == ""
    assert served(tmp_path, "a/hub-adapter") == "a/hub-adapter"
