"""One customer's wait is a line: longer prompts and answers take longer."""

from migration import models
from migration.benchmark.engine import attention, latency


def test_the_line_rises_with_prompt_and_answer(tiny_folder):
    loaded = models.load(str(tiny_folder))
    attention.prepare(loaded.model)
    line = latency.measure(loaded, list(range(250)) * 5)
    assert line.of(400, 50) >= line.of(100, 5) > 0


def test_a_wait_is_start_and_what_each_token_adds():
    assert latency.Latency(10, 0.5, 20).of(100, 3) == 120
