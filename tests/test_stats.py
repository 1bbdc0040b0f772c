"""Every statistic against the library or the paper it comes from, and intervals against their own promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from migration import stats
from migration.errors import NotEnoughCalls
from migration.stats.rates import share_bounds


@given(n=st.integers(1, 5000), share=st.floats(0, 1), level=st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_wilson_equals_statsmodels_and_scipy(n, share, level):
    hits = round(share * n)
    rate = stats.wilson(hits, n, level=level)
    assert (rate.low, rate.high) == pytest.approx(proportion_confint(hits, n, 1 - level, "wilson"), abs=1e-9)
    theirs = scipy_stats.binomtest(hits, n).proportion_ci(level, "wilson")
    assert (rate.low, rate.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@given(table=st.lists(st.integers(0, 60), min_size=4, max_size=4).filter(lambda t: sum(t) > 0))
def test_mcnemar_equals_statsmodels(table):
    both, first_only, second_only, neither = table
    first, second = pairs(table)
    theirs = statsmodels_mcnemar([[both, first_only], [second_only, neither]], exact=True).pvalue
    assert stats.mcnemar(first, second) == pytest.approx(theirs)


@settings(max_examples=20, deadline=None)
@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_equals_statsmodels(p):
    assert stats.holm(p) == pytest.approx(multipletests(p, method="holm")[1])


def test_a_paired_difference_is_agresti_and_min_and_close_to_newcombe():
    first, second = pairs((36, 2, 12, 0))  # the table of Newcombe (1998): 48 against 38 of 50
    found = stats.paired_difference(first, second)
    assert (found.value, found.n) == (pytest.approx(0.2), 50)
    assert (found.low, found.high) == pytest.approx((0.0569, 0.3404), abs=0.012)
    gained, lost, n = 12.5, 2.5, 52  # Agresti & Min (2005): half a pair added to each cell of the table
    middle, half = (gained - lost) / n, 1.96 * np.sqrt(gained + lost - (gained - lost) ** 2 / n) / n
    assert (found.low, found.high) == pytest.approx((middle - half, middle + half), abs=2e-3)


@given(table=st.lists(st.integers(0, 40), min_size=4, max_size=4).filter(lambda t: sum(t) > 0))
def test_a_paired_difference_turns_round_with_its_sides(table):
    first, second = pairs(table)
    there, back = stats.paired_difference(first, second), stats.paired_difference(second, first)
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))
    assert -1 <= there.low <= there.value <= there.high <= 1


@given(st.lists(st.tuples(st.booleans(), st.floats(0.1, 9)), min_size=1, max_size=80), st.integers(1, 6))
def test_a_weighted_rate_holds_its_weighted_share(rows, groups):
    agrees, weights = map(np.array, zip(*rows, strict=True))
    rate = stats.weighted_rate(agrees, weights, np.arange(len(rows)) % groups)
    assert rate.value == pytest.approx(np.average(agrees, weights=weights))
    assert 0 <= rate.low <= rate.value + 1e-12
    assert rate.value <= rate.high + 1e-12
    assert rate.high <= 1


def test_a_weighted_rate_of_equal_weights_is_wilson():
    agrees = np.arange(90) % 3 == 0
    plain, weighted = stats.agreement_rate(agrees), stats.weighted_rate(agrees, np.full(90, 7.0))
    assert (weighted.low, weighted.high) == pytest.approx((plain.low, plain.high))
    assert (plain.low, plain.high) == pytest.approx(tuple(map(float, share_bounds(1 / 3, 90, 0.95))))


@pytest.mark.parametrize("n", [30, 50, 100, 200])
def test_a_rate_is_covered_near_one_too(n):
    hits = np.arange(n + 1)
    rates = [stats.agreement_rate(np.arange(n) < h) for h in hits]
    for share in (0.5, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995):
        inside = [rate.low <= share <= rate.high for rate in rates]
        assert scipy_stats.binom.pmf(hits, n, share) @ inside >= 0.93


@pytest.mark.parametrize("n", [50, 100, 200, 400])
def test_wilson_covers_what_it_promises(n):
    covered = []
    for share in np.linspace(0.05, 0.95, 37):  # exact: every outcome's chance, not a simulation of it
        hits = np.arange(n + 1)
        inside = [rate.low <= share <= rate.high for rate in (stats.wilson(int(h), n) for h in hits)]
        covered.append(float(scipy_stats.binom.pmf(hits, n, share) @ inside))
    assert 0.94 <= np.mean(covered) <= 0.965
    assert min(covered) > 0.91  # the steps of a discrete count


def test_weighted_intervals_cover_the_traffic():
    rng, covered = np.random.default_rng(11), []
    for _ in range(16):  # random traffic: 2 to 9 tasks, 25 to 150 calls of each, weak and strong ones
        tasks = int(rng.integers(2, 10))
        shares, sizes, traffic = rng.beta(1, 1, tasks), rng.integers(25, 151, tasks), rng.dirichlet(np.full(tasks, 2))
        strata, weights = np.repeat(np.arange(tasks), sizes), np.repeat(traffic / sizes, sizes)
        truth = traffic @ shares
        rates = (stats.weighted_rate(rng.random(len(strata)) < shares[strata], weights, strata) for _ in range(300))
        covered.append(np.mean([rate.low <= truth <= rate.high for rate in rates]))
    assert 0.94 <= np.mean(covered) <= 0.965
    assert min(covered) > 0.90  # 300 samples: three standard errors are 3.8 points


def test_paired_intervals_cover_the_difference():
    rng, newcombe, bootstrap = np.random.default_rng(5), [], []
    for turn in range(1200):
        first = rng.random(150) < 0.7
        second = np.where(rng.random(150) < 0.6, first, rng.random(150) < 0.85)
        truth = 0.6 * 0.7 + 0.4 * 0.85 - 0.7
        found = stats.paired_difference(first, second)
        newcombe.append(found.low <= truth <= found.high)
        if turn < 600:
            drawn = stats.paired_bootstrap(first, second, draws=1000, seed=turn)
            bootstrap.append(drawn.low <= truth <= drawn.high)
    assert 0.94 <= np.mean(newcombe) <= 0.965
    assert 0.92 <= np.mean(bootstrap) <= 0.975  # 600 samples: two standard errors are 1.8 points


@pytest.mark.parametrize("n", [12, 60])
def test_a_difference_of_scores_covers_and_is_little_wider_than_students(n):
    rng, covered, wider = np.random.default_rng(8), [], []
    for _ in range(400):
        first = rng.uniform(0.3, 0.6, n)
        second = first + rng.normal(0.05, 0.08, n).clip(-0.3, 0.3)
        found, theirs = stats.paired_difference(first, second), scipy_stats.ttest_1samp(second - first, 0)
        low, high = theirs.confidence_interval()
        covered.append(found.low <= 0.05 <= found.high)
        wider.append((found.high - found.low) / (high - low))
    assert np.mean(covered) >= 0.93
    assert 0.95 < np.mean(wider) < 1.3


def test_a_difference_of_scores_covers_with_conversations_and_weights():
    rng, who, covered = np.random.default_rng(9), np.arange(120) // 4, []
    for _ in range(400):
        error = np.sqrt(0.5) * rng.normal(size=30)[who] + np.sqrt(0.5) * rng.normal(size=120)
        task, first = rng.integers(0, 3, 120), rng.uniform(0.4, 0.6, 120)
        second = first + (0.05 + 0.08 * error).clip(-0.3, 0.4)
        found = stats.paired_difference(first, second, weights=np.array([1, 4, 2])[task], strata=task, cluster=who)
        covered.append(found.low <= 0.05 <= found.high)
    assert np.mean(covered) >= 0.92


def test_the_bootstrap_equals_scipy():
    rng = np.random.default_rng(2)
    first, second = rng.random(120), rng.random(120) + 0.05
    theirs = scipy_stats.bootstrap((second - first,), np.mean, method="percentile", n_resamples=20_000, rng=1)
    ours = stats.paired_bootstrap(first, second, draws=20_000)
    low, high = theirs.confidence_interval
    assert (ours.low, ours.high) == pytest.approx((low, high), abs=0.004)


@given(width=st.floats(0.02, 0.6), share=st.floats(0, 1))
def test_the_sample_size_is_the_fewest_that_is_narrow_enough(width, share):
    n = stats.calls_for_width(width, share=share)
    assert span(share, n) <= width
    assert n == 1 or span(share, n - 1) > width


def test_the_forecast_number_of_calls_decides_with_the_power_it_says():
    rng, decided = np.random.default_rng(3), []
    for truth in rng.beta(18, 2, 120):  # rates that 20 calls leave open on average
        seen = rng.random(60) < truth
        rate = stats.agreement_rate(seen)
        more = stats.calls_to_decide(rate, 0.95, most=4000)
        if more is not None and rate.low < 0.95 <= rate.high:
            both = np.r_[seen, rng.random(more) < truth]
            (judged,) = stats.simultaneous([stats.agreement_rate(both)], 0.95)
            decided.append(judged.reaches is not None)
    assert len(decided) > 20
    assert np.mean(decided) > 0.65  # power 0.8 over the prior that the forecast takes


def test_many_questions_are_corrected_together():
    rng, false = np.random.default_rng(4), 0
    for _ in range(300):  # 4 candidates x 10 tasks, all truly a little below the line
        rates = [stats.agreement_rate(rng.random(150) < 0.94) for _ in range(40)]
        false += any(judged.reaches for judged in stats.simultaneous(rates, 0.95))
    assert false <= 300 * 0.05 + 2 * np.sqrt(300 * 0.05 * 0.95)


def test_nothing_moves_before_as_many_conversations_could_show_it():
    calls = np.arange(800)
    agrees = calls % 66 > 0  # 13 single calls differ, no conversation as a whole: as if calls were independent
    assert stats.simultaneous([stats.weighted_rate(agrees)] * 40, 0.95)[0].reaches
    together = stats.weighted_rate(agrees, cluster=calls // 8)
    assert together.conversations == pytest.approx(100)
    assert stats.simultaneous([together] * 40, 0.95)[0].reaches is None  # 0.95^100 is 0.6%, of 0.125% allowed
    more = stats.calls_to_decide(together, 0.95, questions=40)
    assert 8 * np.log(0.05 / 40) / np.log(0.95) - 800 <= more <= 2000
    assert stats.simultaneous([stats.weighted_rate(agrees, cluster=calls // 4)] * 40, 0.95)[0].reaches


def test_many_single_calls_say_nothing_of_how_a_conversation_errs():
    rng, who, covered = np.random.default_rng(4), np.r_[np.repeat(np.arange(16), 25), np.arange(16, 416)], []
    for _ in range(300):
        alike = np.where(rng.random(800) < 0.95, rng.random(416)[who], rng.random(800))
        rate = stats.weighted_rate(alike < 0.9, cluster=who)
        covered.append(rate.low <= 0.9 <= rate.high)
    assert np.mean(covered) >= 0.91  # 300 samples: three standard errors are 3.8 points; one effect for all gave 81%


@pytest.mark.parametrize(("strata", "calls", "size"), [(100, 1, 1), (30, 4, 8), (30, 2, 4)])
def test_a_task_of_few_calls_or_of_one_conversation_is_not_known_for_sure(strata, calls, size):
    rng, n, rates, pairs = np.random.default_rng(6), strata * calls, [], []
    task, who = np.repeat(np.arange(strata), calls), np.arange(n) // size
    for _ in range(300):
        u = np.where(rng.random(n) < 0.95, rng.random(n)[who], rng.random(n))
        rate = stats.weighted_rate(u < 0.8, None, task, cluster=who)
        pair = stats.paired_difference(u < 0.2, u > 0.9, strata=task, cluster=who)
        rates.append(rate.low <= 0.8 <= rate.high)
        pairs.append(pair.low <= -0.1 <= pair.high)
    assert min(np.mean(rates), np.mean(pairs)) >= 0.91


def test_few_conversations_that_carry_the_variance_leave_few_degrees_of_freedom():
    cluster = np.repeat(np.arange(60), 4)
    half = np.arange(240) % 4 < 2
    few, some = (stats.weighted_rate(~(half & (cluster < failing)), cluster=cluster) for failing in (4, 20))
    assert 4 < few.freedom < some.freedom < 60
    assert stats.weighted_rate(cluster >= 4, cluster=cluster).freedom == np.inf, "all alike: one call each"
    assert stats.weighted_rate(cluster > 0).freedom == np.inf


def test_calls_of_one_conversation_widen_the_interval():
    rng, covered, naive = np.random.default_rng(6), [], []
    cluster = np.repeat(np.arange(80), 5)
    for _ in range(400):
        chance = np.repeat(rng.beta(4, 1, 80), 5)  # mean 0.8, correlation 1/6
        agrees = rng.random(400) < chance
        rate, plain = stats.weighted_rate(agrees, cluster=cluster), stats.agreement_rate(agrees)
        covered.append(rate.low <= 0.8 <= rate.high)
        naive.append(plain.low <= 0.8 <= plain.high)
    assert 0.92 <= np.mean(covered) <= 0.985, np.mean(covered)
    assert np.mean(naive) < np.mean(covered)


def test_rows_without_a_conversation_stand_for_themselves():
    agrees = np.arange(40) % 5 > 0
    assert stats.weighted_rate(agrees, cluster=[None] * 40) == stats.weighted_rate(agrees)


def test_conversations_that_err_as_one_count_as_one():
    rng = np.random.default_rng(3)
    alone, other, cluster = rng.random(60) < 0.8, rng.random(60) < 0.8, np.repeat(np.arange(60), 4)
    once, four = stats.weighted_rate(alone), stats.weighted_rate(np.repeat(alone, 4), cluster=cluster)
    assert four.value == pytest.approx(once.value)
    assert four.high - four.low == pytest.approx(once.high - once.low, rel=0.1)
    pair = stats.paired_difference(np.repeat(alone, 4), np.repeat(other, 4), cluster=cluster)
    assert pair.p_value == stats.mcnemar(alone, other)


def test_one_huge_conversation_costs_no_more_than_if_it_were_one_call():
    cluster = np.r_[np.zeros(60, int), np.arange(1, 141)]
    agrees = np.arange(200) % 10 > 0
    trials = stats.effective_trials(stats.weighted_rate(agrees, cluster=cluster))
    assert 0.8 / (0.3**2 + 140 * 0.005**2) < trials < 40


def test_kappa_is_cohens_and_covers_with_conversations():
    first, second = ["yes"] * 25 + ["no"] * 25, ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    found = stats.kappa(first, second)
    assert found.value == pytest.approx(0.4)  # the table of Cohen's kappa in every textbook
    assert 0.1 < found.low < 0.2
    assert np.isnan(stats.kappa(["a"] * 9, ["a"] * 9).value)
    rng, covered, cluster = np.random.default_rng(2), [], np.repeat(np.arange(60), 3)
    for _ in range(300):
        said = rng.random(60)[cluster] < 0.4
        kept = rng.random(60)[cluster] < 0.8  # a conversation is answered alike, or by chance
        rate = stats.kappa(said, np.where(kept, said, rng.random(180) < 0.4), cluster=cluster)
        covered.append(rate.low <= 0.8 <= rate.high)
    assert np.mean(covered) >= 0.92


def test_the_constant_answer_is_the_commonest_of_each_task():
    rate = stats.constant_rate(["a", "a", "b", "c", "c", "c"], np.ones(6), [1, 1, 1, 2, 2, 2])
    assert rate.value == pytest.approx(5 / 6)


def test_nothing_is_not_a_rate():
    for call in (
        lambda: stats.wilson(0, 0),
        lambda: stats.weighted_rate([], []),
        lambda: stats.paired_bootstrap([], []),
    ):
        with pytest.raises(NotEnoughCalls):
            call()


def pairs(table):
    """Two bool arrays from (both, first only, second only, neither)."""
    first = np.repeat([True, True, False, False], table)
    return first, np.repeat([True, False, True, False], table)


def span(share, n):
    low, high = stats.wilson_bounds(share, n, 0.95)
    return high - low


@pytest.mark.parametrize(("right", "wrong"), [(0.95, 0.2), (0.99, 0.4)])
def test_labels_with_a_biased_judge_cover_and_are_narrower_than_labels_alone(right, wrong):
    rng, n = np.random.default_rng(4), 1500
    covered, width = [], []
    for _ in range(100):
        truth = rng.random(n) < 0.75
        judge = rng.random(n) < np.where(truth, right, wrong)
        labels = np.where(rng.permutation(n) < 200, truth, np.nan)
        found = stats.powered_rate(labels, judge, strata=np.arange(n) % 3)
        covered.append(found.rate.low <= 0.75 <= found.rate.high)
        width.append((found.rate.high - found.rate.low) / (found.alone.high - found.alone.low))
    assert np.mean(covered) >= 0.89  # 95% nominal; 100 draws
    assert np.mean(width) < 0.9


def test_a_judge_that_says_nothing_changes_nothing():
    rng = np.random.default_rng(5)
    labels = np.where(rng.random(600) < 0.3, rng.random(600) < 0.8, np.nan)
    found = stats.powered_rate(labels, np.ones(600))
    assert (found.rate.value, found.rate.low) == pytest.approx((found.alone.value, found.alone.low))
    less = stats.powered_difference(labels, labels, np.zeros(600))
    assert less.value == 0
    assert less.low < 0 < less.high
    with pytest.raises(NotEnoughCalls):
        stats.powered_rate(np.full(600, np.nan), np.ones(600))
