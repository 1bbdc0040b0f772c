"""Step 02: every candidate answers the team's own prompts and is compared with the logged LLM."""

from __future__ import annotations

from migration.benchmark.candidates import Candidate
from migration.benchmark.closed import choices
from migration.benchmark.compare import compare, differing, pipeline_latency
from migration.benchmark.engine import answer
from migration.benchmark.engine.cache import Answers
from migration.benchmark.kinds import Classifier, fit_classifier
from migration.benchmark.kinds.by_task import keep as keep_classifiers
from migration.benchmark.kinds.cached import staleness
from migration.benchmark.labels import labelled, quality, read_labels
from migration.benchmark.planning import plan_trial
from migration.benchmark.present import say_spent, say_staleness, show_staleness
from migration.benchmark.probes import probed, sampled, verbalised
from migration.benchmark.public import head_to_head, lm_eval
from migration.benchmark.sampling import Plan, draw_sample, eligible, plan_sample
from migration.benchmark.scoreboard import Scoreboard, styled
from migration.benchmark.scoring.judge import judged
from migration.benchmark.scoring.options import with_task_options
from migration.benchmark.scoring.repeats import ceilings, repeats, repeats_sentence
from migration.benchmark.scoring.scorers import definitions, score
from migration.benchmark.shots import with_shots
from migration.benchmark.trial import ask, available, facts, notices

__all__ = [
    "Answers",
    "Candidate",
    "Classifier",
    "Plan",
    "Scoreboard",
    "answer",
    "ask",
    "available",
    "ceilings",
    "choices",
    "compare",
    "definitions",
    "differing",
    "draw_sample",
    "eligible",
    "facts",
    "fit_classifier",
    "head_to_head",
    "judged",
    "keep_classifiers",
    "labelled",
    "lm_eval",
    "notices",
    "pipeline_latency",
    "plan_sample",
    "plan_trial",
    "probed",
    "quality",
    "read_labels",
    "repeats",
    "repeats_sentence",
    "sampled",
    "say_spent",
    "say_staleness",
    "score",
    "show_staleness",
    "staleness",
    "styled",
    "verbalised",
    "with_shots",
    "with_task_options",
]
