"""What the scoreboard says is what the rows say, weighted to the traffic; verdicts follow from intervals alone."""

import numpy as np
import pandas as pd
import pytest

from migration.benchmark import compare, differing, draw_sample, pipeline_latency
from migration.benchmark.compare import weighted_quantiles
from migration.benchmark.verdict import prospect
from migration.errors import NotEnoughCalls
from migration.schema import CandidateId, CandidateKind, Verdict, split_of
from migration.schema.tables import SCOREBOARD
from migration.stats import Rate, agreement_rate, mcnemar

TRAFFIC = {"gate": 1500, "entities": 600, "reply": 300, "agent": 90}
TYPES = {"gate": "classification", "entities": "extraction", "reply": "faq", "agent": "reasoning"}


@pytest.fixture(scope="module")
def calls():
    rng, rows = np.random.default_rng(1), []
    for task, count in TRAFFIC.items():
        for i in range(count):
            conversation = f"conv-{i}"
            rows.append(
                {
                    "call_id": f"{task}-{i}",
                    "conversation_id": conversation,
                    "model": "gpt-4o",
                    "kind": "chat",
                    "task": task,
                    "task_type": TYPES[task],
                    "messages": [{"role": "user", "content": f"question {i}, write to ann{i}@example.com"}],
                    "response": "travel" if task == "gate" else f"a longer answer of number {i}, as it was logged",
                    "prompt_tokens": 6000 if task == "agent" else 100,
                    "completion_tokens": 10,
                    "latency_ms": float(rng.lognormal(7, 0.4)),
                    "cost_usd": 0.001,
                    "split": split_of(conversation),
                }
            )
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def scored(calls):
    sample = draw_sample(calls, {"gate": 300, "entities": 60, "reply": 40})
    return pd.concat([answers(sample, "small", 0.6), answers(sample, "large", 0.99)], ignore_index=True)


@pytest.fixture(scope="module")
def board(scored, calls):
    facts = {
        "small": {"memory_mb": 500, "peak_mb": 700, "parameters": 1e8},
        "large": {"input_usd_m": 1.0, "output_usd_m": 2.0},
    }
    return compare(scored, calls, facts=facts, names={"gate": "Scope gate"}, left_out={"agent": "too expensive here"})


def answers(sample, name, share, seed=3):
    rng = np.random.default_rng(seed)
    agrees = rng.random(len(sample)) < share
    return sample[["call_id", "task", "task_type", "split", "weight"]].assign(
        candidate=name,
        output=np.where(agrees, sample["response"], "something else"),
        reference=sample["response"],
        scorer=np.where(sample["task"] == "gate", "label", "text"),
        agrees=agrees,
        score=agrees.astype(float),
        latency_ms=180.0,
        compute_ms=36.0,
        prompt_tokens=100,
        completion_tokens=10,
        error=None,
    )


def test_the_scoreboard_keeps_its_contract_and_has_the_llm_as_a_row(board):
    assert set(SCOREBOARD.names) <= set(board.frame.columns)
    logged = board.frame[board.frame["candidate"] == "gpt-4o (logged)"].set_index("task")
    assert logged.loc["ALL", "agreement"] == 1
    assert logged.loc["ALL", "cost_usd_per_1k"] == pytest.approx(1.0)
    assert logged.loc["gate", "n"] == TRAFFIC["gate"]


def test_all_speaks_for_the_traffic_and_not_for_the_sample(board, scored):
    small = scored[scored["candidate"] == "small"]
    by_task = small.groupby("task")["agrees"].mean()
    traffic = pd.Series(TRAFFIC).loc[by_task.index]
    assert board.rate("small").value == pytest.approx(np.average(by_task, weights=traffic))
    gate = agreement_rate(small.loc[small["task"] == "gate", "agrees"].to_numpy())
    assert board.rate("small", "gate").value == pytest.approx(gate.value)
    with pytest.raises(KeyError):
        board.rate("small", "agent")


def test_costs_are_machine_time_or_list_price(board):
    rows = board.frame[board.frame["task"] == "gate"].set_index("candidate")
    assert rows.loc["small", "cost_usd_per_1k"] == pytest.approx(36 / 1e3 / 3600 * 0.205 * 1000)
    assert rows.loc["large", "cost_usd_per_1k"] == pytest.approx((100 * 1.0 + 10 * 2.0) / 1e6 * 1000)
    assert rows.loc["small", "tokens_per_s"] == pytest.approx(10 / 0.036)
    assert rows.loc["small", ["memory_mb", "peak_mb"]].tolist() == [500, 1200]
    assert rows.loc["small", "hardware"] == "laptop with 8 GB"


def test_pairs_are_tested_on_the_same_calls_and_corrected(board, scored):
    test = board.tests.set_index("task").loc["gate"]
    wide = scored[scored["task"] == "gate"].pivot(index="call_id", columns="candidate", values="agrees")
    assert test["p_value"] == mcnemar(wide["small"].to_numpy(bool), wide["large"].to_numpy(bool))
    assert (board.tests["p_holm"] >= board.tests["p_value"]).all()
    assert "large beats small by" in board.differences()


def test_the_best_agrees_most_and_of_equals_is_the_largest(board, calls):
    assert board.best == "large"
    sample = draw_sample(calls, {"gate": 60})
    equal = pd.concat([answers(sample, "small", 0.5), answers(sample, "big", 0.5, seed=4)], ignore_index=True)
    facts = {"small": {"parameters": 1e6}, "big": {"parameters": 1e9}}
    assert compare(equal, calls, facts=facts).best == "big"
    examples = CandidateId("small with 4 similar examples", base="small", shots=4).columns()
    learned = CandidateId("classifier", CandidateKind.CLASSIFIER, "minilm").columns()
    shown = [equal.assign(base=equal["candidate"], candidate_kind="slm", shots=0)]
    shown = pd.concat([*shown, *(answers(sample, "x", 1.0).assign(**who) for who in (examples, learned))])
    with_examples = compare(shown, calls, facts={"small": {"parameters": 1e9}, "big": {"parameters": 1e6}})
    assert with_examples.best == "small"
    assert ", with 4 similar examples in its prompt on 100.0%" in with_examples.decision()


def test_a_candidate_that_answered_more_calls_is_compared_on_those_that_both_answered(calls):
    few, many = draw_sample(calls, {"gate": 60}), draw_sample(calls, {"gate": 300})
    board = compare(pd.concat([answers(many, "classifier", 0.9), answers(few, "small", 0.5)]), calls)
    assert board.tests["n"].tolist() == [60, 60]
    assert board.rate("classifier", "gate").n == 300


@pytest.mark.parametrize(
    ("task", "n", "share", "verdict"),
    [
        ("gate", 400, 1.0, Verdict.MOVE),
        ("gate", 200, 0.5, Verdict.TUNE),
        ("gate", 20, 1.0, Verdict.UNKNOWN),
        ("agent", 40, 0.2, Verdict.KEEP),
    ],
)
def test_verdicts(calls, task, n, share, verdict):
    board = compare(answers(draw_sample(calls, {task: n}), "small", share), calls)
    row = board.verdicts.set_index("task").loc[task]
    assert row["verdict"] == verdict
    assert f"n={n})" in row["sentence"]


def test_a_weak_task_with_too_few_calls_to_learn_from_is_not_judged(calls):
    few = calls[calls["task"] == "gate"].head(60)
    board = compare(answers(draw_sample(few, 60), "small", 0.1), few)
    row = board.verdicts.iloc[0]
    learn = int((few["split"] == "train").sum())
    assert (row["verdict"], row["more_calls"]) == (Verdict.UNKNOWN, -(-(50 - learn) * 10 // 4))
    assert f"{learn} logged calls to learn from are too few" in row["sentence"]


def test_the_calls_a_verdict_asks_for_decide(calls):
    asked = compare(answers(draw_sample(calls, {"gate": 20}), "small", 1.0), calls)
    need = 20 + int(asked.verdicts.set_index("task").loc["gate", "more_calls"])
    board = compare(answers(draw_sample(calls, {"gate": need}), "small", 1.0), calls)
    assert board.verdicts.set_index("task").loc["gate", "verdict"] == Verdict.MOVE


def test_running_text_that_nothing_judges_is_shown_alone(calls):
    text = answers(draw_sample(calls, {"gate": 400}), "small", 1.0).assign(provable=False)
    row = compare(text, calls).verdicts.set_index("task").loc["gate"]
    assert row["verdict"] == Verdict.SHOWN_ONLY
    assert "judge or human labels" in row["sentence"]


def test_the_margin_is_taken_from_how_often_the_llm_agrees_with_itself(calls):
    some = answers(draw_sample(calls, {"gate": 400}), "small", 0.95)
    strict, loose = compare(some, calls), compare(some, calls, ceilings={"gate": Rate(0.93, 0.9, 0.95, 200)})
    floors = [board.verdicts.set_index("task")["floor"] for board in (strict, loose)]
    assert (floors[0]["gate"], floors[1]["gate"]) == pytest.approx((0.95, 0.90))
    assert set(floors[1].drop("gate")) == {0.95}  # what the LLM does on one task says nothing of another
    verdicts = [board.verdicts.set_index("task").loc["gate", "verdict"] for board in (strict, loose)]
    assert verdicts == [Verdict.UNKNOWN, Verdict.MOVE]


def test_the_constant_answer_is_a_row_that_no_candidate_is(board, scored):
    row = board.frame[board.frame["verdict"] == Verdict.BASELINE].set_index("task").loc["gate"]
    asked = scored[scored["task"] == "gate"].drop_duplicates("call_id")["reference"]
    assert row["agreement"] == pytest.approx(asked.value_counts(normalize=True).iloc[0])
    assert "constant answer" not in set(board.candidates["candidate"])


def test_a_task_that_was_not_asked_is_told_so(board):
    row = board.verdicts.set_index("task").loc["agent"]
    assert (row["verdict"], row["more_calls"] > 58) == (Verdict.UNKNOWN, True)
    assert "too expensive here" in row["sentence"]
    assert board.verdicts["share"].sum() == pytest.approx(1)
    assert sum(board.shares().values()) == pytest.approx(1)


def test_tables_and_sentences_are_made_and_escaped(scored, calls):
    board = compare(scored, calls, names={"gate": "<script>alert(1)</script>"})
    assert "<script>" not in board.reasons().to_html()
    assert "&lt;script&gt;" in board.reasons().to_html()
    assert "large" in board.decision()
    summary = board.summary()
    assert summary["best_candidate"] == "large"
    assert not any(isinstance(value, dict) for value in summary.values())


def test_calls_that_a_candidate_could_not_answer_are_told(calls):
    asked = answers(draw_sample(calls, {"gate": 40}), "small", 0.5)
    asked.loc[:9, ["error", "agrees"]] = ["context_overflow: 9000 + 10 tokens, 8192 fit", False]
    board = compare(asked, calls)
    assert "It could not answer 25% of them." in board.verdicts["sentence"][0]
    assert "not answered" in board.table().to_html()


def test_examples_take_turns_and_hide_personal_data(scored, calls):
    shown = differing(scored, calls, "small", n=9)
    assert shown["task"].value_counts().tolist() == [3, 3, 3]
    assert not shown["asked"].str.contains("@example.com").any()


def test_waiting_adds_up_over_a_conversation(scored, calls):
    waits = pipeline_latency(scored, calls, "small").set_index("conversation_id")
    logged = calls.groupby("conversation_id")["latency_ms"].sum()
    assert waits["llm_ms"].to_dict() == pytest.approx(logged.to_dict())
    four = waits[waits["calls"] == 4]  # gate, entities, reply at 180 ms each, the agent still on the LLM
    agent = calls[calls["task"] == "agent"].set_index("conversation_id")["latency_ms"]
    assert (four["candidate_ms"] - agent.loc[four.index]).to_numpy() == pytest.approx(np.full(len(four), 540.0))


def test_weighted_quantiles_are_those_of_the_repeated_rows():
    rng = np.random.default_rng(8)
    values, counts = pd.Series(rng.random(50)), rng.integers(1, 6, 50)
    repeated = np.repeat(values, counts)
    for q in (0.1, 0.5, 0.95):
        expected = np.quantile(repeated, q, method="inverted_cdf")
        assert weighted_quantiles(values, counts.astype(float), (q,)) == [expected]


def test_nothing_cannot_be_compared(scored, calls):
    with pytest.raises(NotEnoughCalls):
        compare(scored.head(0), calls)


def test_a_task_that_calls_tools_is_tuned_for_only_where_it_is_named():
    scored = pd.DataFrame({"task": ["agent"] * 60, "scorer": "tool_call"})
    log = pd.DataFrame({"task": ["agent"] * 60, "split": "train", "response": "{}", "prompt_tokens": 90})
    told = prospect(scored, log.assign(task_type="reasoning"), "agent")
    assert not told.tunable
    assert "`tasks` names it" in told.because
