"""Answers over HTTP: real servers, real failures, the same table as in process."""

import gzip
import json
import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from canaries import PERSONAL, SAID
from servers import JsonHandler, Server, completion, llama_cpp, serving

from migration import endpoints
from migration.benchmark import Answers, Candidate, answer, say_spent
from migration.benchmark.candidates import COLUMNS
from migration.benchmark.engine import endpoint, local, spending
from migration.errors import BadInput

SECRET = "sk-test-very-secret"


def with_message(message: str, more: str = "") -> bytes:
    return b'{"choices": [{"message": %b}]%b}' % (message.encode(), more.encode())


SAYS = '{"role": "assistant", "content": "a"}'
COUNTS = ('"x"', "-1", "true", "1e300", str(10**30), "null", "[]")
"""Tokens that a server may say it counted, none of which is a number of tokens."""
MALFORMED = [
    *(b"", b"null", b"[]", b"{}", b"5", b'"a"', b"{", b"\xff\xfe", b"[" * 100_000, b'{"choices": null}'),
    *(b'{"choices": []}', b'{"choices": 5}', b'{"choices": [{}]}', b'{"choices": ["x"]}', b'{"choices": [null]}'),
    *(with_message(said) for said in ("null", "5", "[]", '{"content": 5}', '{"content": [{}]}', '{"tool_calls": 5}')),
    *(b'{"choices": [{"message": %b, "logprobs": %b}]}' % (SAYS.encode(), odd) for odd in (
        b"5", b'{"content": 5}', b'{"content": [{}]}', b'{"content": [{"logprob": "x", "top_logprobs": null}]}',
        b'{"content": [{"logprob": 5, "top_logprobs": [{"logprob": 5}]}]}',
        b'{"content": [{"logprob": 1e400, "top_logprobs": [{"logprob": 1e400}]}]}')),
    *(with_message(SAYS, f', "usage": {{"prompt_tokens": {odd}, "completion_tokens": {odd}}}') for odd in COUNTS),
]  # fmt: skip
"""Replies under a JSON header that are no chat completion, or hold what cannot be."""


class Upstream(Server):
    """Answers chat completions; `trouble` maps a question to what goes wrong, once each unless it ends in "always"."""

    def __init__(self):
        super().__init__(Handler)
        self.trouble: dict[str, str] = {}
        self.answered: Counter[str] = Counter()
        self.seen: list[dict] = []
        self.written = 0
        self.keys: set[str | None] = set()

    @property
    def source(self) -> str:
        return f"{self.url}#some-model"


class Handler(JsonHandler):
    server: Upstream

    def do_POST(self):
        body = self.body()
        self.server.seen.append(body)
        self.server.keys.add(self.headers.get("authorization"))
        question = body["messages"][-1]["content"]
        trouble = self.server.trouble.get(question, "")
        if not trouble.endswith("always"):
            self.server.trouble.pop(question, None)
        if trouble.startswith("hang"):
            time.sleep(1.5)
        elif trouble.startswith("cut"):
            self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{")
            self.close_connection = True
        elif trouble.startswith("bomb"):
            self.reply(200, gzip.compress(json.dumps(completion("x" * 1000)).encode()), content_encoding="gzip")
        elif trouble.startswith("endless"):
            self.endless()
        elif trouble.startswith("says"):
            self.reply(200, MALFORMED[int(question)])
        elif trouble.startswith("html"):
            self.reply(200, "<html>a proxy's page</html>")
        elif trouble:
            status, _, message = trouble.removesuffix("always").partition(" ")
            self.reply(int(status), {"error": {"message": message or "trouble", "code": None}})
        elif "no logprobs" in question and "logprobs" in body:
            self.reply(400, {"error": {"message": "logprobs are not supported by this model"}})
        elif "new names" in question and "max_tokens" in body:
            self.reply(400, {"error": {"message": "'max_tokens' is not supported, use 'max_completion_tokens'"}})
        else:
            self.server.answered[question] += 1
            self.reply(200, self.completion(question, "logprobs" in body))

    def endless(self):
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        try:
            for _ in range(400):
                self.wfile.write(b" " * 100_000)
                self.server.written += 100_000
        except OSError:  # the client has had enough
            pass
        self.close_connection = True

    def completion(self, question, logprobs):
        token = {
            "token": "a",
            "logprob": -0.5,
            "top_logprobs": [{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -1.5}],
        }
        usage = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
        more = " <EMAIL_9>" if question.startswith("invent") else ""
        said = completion(f"re: {question}{more}", logprobs={"content": [token, token]} if logprobs else None)
        return said | {"usage": usage}


@pytest.fixture
def upstream():
    with serving(Upstream()) as server:
        yield server


def requests(*questions: str) -> pd.DataFrame:
    turns = [[{"role": "user", "content": question}] for question in questions]
    return pd.DataFrame({"call_id": list(questions), "messages": turns, "max_tokens": 9})


def test_answers_carry_their_signals(upstream):
    found = answer(Candidate("far", upstream.source), requests("one", "two"))
    assert list(found.columns) == list(COLUMNS)
    assert list(found["output"]) == ["re: one", "re: two"]
    assert found["mean_logprob"].tolist() == [-0.5, -0.5]
    assert found["margin"][0] == pytest.approx(np.exp(-0.5) - np.exp(-1.5))
    assert found["completion_tokens"].tolist() == [2, 2]
    assert (found["latency_ms"] > 0).all()
    assert upstream.seen[0]["temperature"] == 0
    assert upstream.seen[0]["max_tokens"] == 9


def test_tools_are_part_of_the_request_and_of_its_key(upstream):
    store, tools = Answers(), [{"type": "function", "function": {"name": "find_order"}}]
    asked = pd.concat([requests("one"), requests("one").assign(tools=json.dumps(tools))])
    answer(Candidate("far", upstream.source), asked, cache=store)
    assert store.stats.computed == 2
    assert sorted(("tools" in body) for body in upstream.seen) == [False, True]
    assert tools in [body.get("tools") for body in upstream.seen]


def test_failures_that_pass_are_survived_and_answers_are_paid_once(upstream, tmp_path):
    upstream.trouble = {"limited": "429", "broken": "500", "slow": "hang", "torn": "cut"}
    asked = requests("fine", *upstream.trouble, "fine too")
    store = Answers(tmp_path / "answers.sqlite")
    found = endpoint.answer(Candidate("far", upstream.source), asked, cache=store, timeout=1.0, retries=3)
    assert found["error"].isna().all()
    assert list(found["output"]) == [f"re: {question}" for question in asked["call_id"]]
    again = endpoint.answer(Candidate("far", upstream.source), asked, cache=store, timeout=1.0, retries=3)
    pd.testing.assert_frame_equal(found, again)
    assert set(upstream.answered.values()) == {1}


def test_where_nobody_answers_one_request_waits_and_the_rest_are_not_asked(monkeypatch):
    began, source = time.perf_counter(), "http://127.0.0.1:9/v1#m"
    found = endpoint.answer(Candidate("dead", source), requests(*map(str, range(16))))
    assert found["error"].str.startswith("not asked").all()
    assert time.perf_counter() - began < 10, "it was 28 s"


def test_a_server_that_stops_answering_is_left_alone(upstream):
    upstream.trouble = {str(n): "cut always" for n in range(20)}
    found = endpoint.answer(Candidate("far", upstream.source), requests("fine", *upstream.trouble), retries=0,
                            concurrency=1)  # fmt: skip
    assert found["output"].notna().tolist() == [True] + [False] * 20
    assert found["error"].str.startswith("not asked: 8 requests in a row did not reach it").sum() == 12


@pytest.mark.parametrize("limit", ["MAX_SECONDS", "MAX_TOKENS", "MAX_BYTES", "max_usd"])
def test_an_endpoint_is_left_alone_once_it_has_cost_what_it_may(upstream, monkeypatch, tmp_path, limit):
    dear = Candidate("dear", upstream.source, usd_m=(1e6, 1e6))  # a dollar a token, nine tokens an answer
    if limit == "max_usd":
        dear = replace(dear, max_usd=9.0)
    else:
        dear = replace(dear, max_usd=1e9)
        monkeypatch.setattr(spending, limit, 1e-9)
    found = endpoint.answer(dear, requests("a", "b", "c"), cache=tmp_path / "answers.sqlite")
    assert found["output"].tolist() == ["re: a", None, None]
    assert found["error"].iloc[1].startswith("not asked: it has used ")
    again = endpoint.answer(dear, requests("a", "b"), cache=tmp_path / "answers.sqlite")  # the next round, or run
    assert again["output"].tolist() == ["re: a", None]
    assert sum(upstream.answered.values()) == 1
    assert say_spent(tmp_path) == "Asked and paid for so far: some-model: 1 answers, 9 tokens, $9.00."


def test_what_has_no_price_is_said_to_have_none(upstream, tmp_path):
    endpoint.answer(Candidate("served", upstream.source), requests("a"), cache=tmp_path / "answers.sqlite")
    assert "no price is known" in say_spent(tmp_path)
    assert say_spent(tmp_path / "nothing") == "No endpoint was asked, so nothing was paid."


def test_failures_that_stay_are_recorded_and_asked_again_by_the_next_run(upstream):
    trouble = {"limited": "429always", "broken": "500always", "slow": "hang always", "torn": "cut always"}
    upstream.trouble = dict(trouble)
    store, asked = Answers(), requests("fine", *trouble)
    found = endpoint.answer(Candidate("far", upstream.source), asked, cache=store, timeout=0.4, retries=1)
    assert found["output"].tolist() == ["re: fine", None, None, None, None]
    kinds = [error.split(":")[0] for error in found["error"][1:]]
    assert kinds == ["RateLimitError", "InternalServerError", "APITimeoutError", "APIConnectionError"]
    upstream.trouble = {}
    found = endpoint.answer(Candidate("far", upstream.source), asked, cache=store)
    assert found["error"].isna().all()
    assert upstream.answered["fine"] == 1


def test_a_prompt_that_does_not_fit_is_a_context_overflow(upstream):
    upstream.trouble = {"long": "400 maximum context length is 8 tokens, always"}
    found = answer(Candidate("far", upstream.source), requests("long"))
    assert found["error"][0].startswith("context_overflow: ")


@pytest.mark.parametrize("trouble", ["endless always", "bomb always"])
def test_a_reply_that_would_fill_the_memory_is_an_error_of_its_row(upstream, monkeypatch, trouble):
    monkeypatch.setattr(endpoints, "LARGEST_REPLY", 1_000_000)
    upstream.trouble = {"odd": trouble}
    found = endpoint.answer(Candidate("far", upstream.source), requests("fine", "odd"), retries=0)
    assert found["error"].notna().tolist() == [False, True]
    assert upstream.written < 20_000_000


def test_a_page_instead_of_json_is_an_error_of_its_row(upstream):
    upstream.trouble = {"odd": "html always"}
    found = answer(Candidate("far", upstream.source), requests("odd", "fine"))
    assert found["error"].notna().tolist() == [True, False]


def test_a_malformed_reply_costs_its_own_row(upstream):
    """18 of 37 ended the step. What holds an answer is taken, without the counts and signals that cannot be."""
    upstream.trouble = {str(n): "says always" for n in range(len(MALFORMED))}
    asked = requests("fine", *upstream.trouble, "fine too")
    found = endpoint.answer(Candidate("far", upstream.source), asked, retries=0).set_index("call_id")
    assert found.loc[["fine", "fine too"], "output"].tolist() == ["re: fine", "re: fine too"]
    odd = found.loc[list(upstream.trouble)]
    assert (odd["output"].notna() != odd["error"].notna()).all(), "an answer or an error"
    counted = odd.tail(len(COUNTS))
    assert counted["output"].tolist() == ["a"] * len(COUNTS)
    assert counted[["prompt_tokens", "completion_tokens"]].isna().all(axis=None)
    assert (odd["mean_logprob"].dropna() <= 0).all(), "no probability is above 1"


@pytest.mark.parametrize("question", ["no logprobs here", "new names here"])
def test_what_a_server_refuses_is_left_out(upstream, question):
    found = answer(Candidate("far", upstream.source), requests(question))
    assert found["output"][0] == f"re: {question}"
    assert found["mean_logprob"].isna().all() == (question == "no logprobs here")


def test_the_key_comes_from_the_environment_and_goes_nowhere_else(upstream, monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-company")
    monkeypatch.setenv("MY_KEY", SECRET)
    upstream.trouble = {"echo": f"401 wrong key {SECRET}always"}
    file = tmp_path / "answers.sqlite"
    found = answer(Candidate("far", upstream.source, api_key_env="MY_KEY"), requests("echo", "fine"), cache=file)
    assert upstream.keys == {f"Bearer {SECRET}"}
    assert "[key]" in found["error"][0]
    assert SECRET not in found.to_json()
    assert all(SECRET.encode() not in part.read_bytes() for part in tmp_path.iterdir())
    upstream.keys.clear()
    answer(Candidate("far", upstream.source), requests("no key"))
    assert upstream.keys == {"Bearer no-key-needed"}
    monkeypatch.delenv("MY_KEY")
    with pytest.raises(BadInput, match="MY_KEY"):
        answer(Candidate("far", upstream.source, api_key_env="MY_KEY"), requests("x"))


def test_it_works_where_an_event_loop_is_running(upstream):
    import asyncio

    async def as_in_a_notebook():
        return answer(Candidate("far", upstream.source), requests("one"))

    assert asyncio.run(as_in_a_notebook())["output"][0] == "re: one"


@pytest.mark.parametrize("source", ["http://host/v1", "http:///v1#m"])
def test_an_address_without_host_or_model_is_refused(source):
    with pytest.raises(BadInput, match="#model"):
        answer(Candidate("far", source), requests("x"))


@pytest.fixture
def served():
    """llama.cpp's own server with SmolLM2 on loopback."""
    server = llama_cpp(context=4096)
    return Candidate("served", f"{server.listening_address}/v1#smollm2"), server


@pytest.mark.slow
def test_llama_cpp_and_the_engine_agree_where_the_choice_is_clear(served):
    """The same weights, but llama.cpp rounds activations to 8 bits for Q4_1, so near-ties may fall otherwise."""
    system = {"role": "system", "content": "Answer in one short sentence."}
    texts = ["What is a refund?", "Name a colour.", "Say hello.", "What is 2 plus 2?", "Name the capital of France."]
    texts += ["How do I change my password?", "Cancel my order.", "Thank you!"]
    asked = pd.DataFrame(
        {
            "call_id": texts,
            "messages": [[system, {"role": "user", "content": text}] for text in texts],
            "max_tokens": 12,
        }
    )
    candidate, _ = served
    far, near = answer(candidate, asked), local.answer(Candidate("near", "smollm2"), asked)
    assert far["error"].isna().all()
    assert list(far["prompt_tokens"]) == list(near["prompt_tokens"])
    same = far["output"].str.strip() == near["output"].str.strip()
    print(f"\nsame answers: {same.sum()} of {len(same)}")
    assert same.mean() >= 0.5
    np.testing.assert_allclose(far["mean_logprob"][same], near["mean_logprob"][same], atol=0.15)
    np.testing.assert_allclose(far["first_margin"], near["first_margin"], atol=0.2)


def test_a_masked_endpoint_sees_no_personal_data_and_its_answers_have_it_again(upstream, tmp_path):
    masked = Candidate("far", f"{upstream.url}?{endpoints.MASK}#some-model")
    asked = requests(SAID, "tell ann@example.com", "tell bob@example.com")
    asked["tools"] = [None, json.dumps([{"type": "function", "function": {"name": "a", "description": SAID}}]), None]
    found = answer(masked, asked, cache=tmp_path / "answers.sqlite")
    assert found["output"].tolist() == [f"re: {text}" for text in asked["call_id"]]
    told = json.dumps(upstream.seen) + (tmp_path / "answers.sqlite").read_bytes().decode("latin-1")
    assert not [value for value in (*PERSONAL.values(), "ann@example.com") if value in told]
    again = answer(masked, asked, cache=tmp_path / "answers.sqlite")
    assert again["output"].tolist() == found["output"].tolist(), "kept masked, restored for whoever asks"
    assert len(upstream.seen) == 3
    assert masked.id.masked
    assert masked.id.base == "some-model"


def test_what_an_answer_changed_is_counted_once(upstream, tmp_path):
    masked = Candidate("far", f"{upstream.url}?{endpoints.MASK}#some-model")
    asked = requests("<EMAIL_1>, tell ann@example.com", "EMAIL_3 is not ann@example.com", "invent, bob@example.com")
    for _ in range(2):
        outputs = answer(masked, asked, cache=tmp_path / "answers.sqlite")["output"]
    said = [f"re: {text}" for text in asked["call_id"]]
    assert outputs.tolist() == [*said[:2], f"{said[2]} <EMAIL_9>"], "what the request itself holds was not changed"
    assert "1 placeholders of masked data stay" in say_spent(tmp_path)


@pytest.mark.parametrize(
    "address", ["https://h/v1?mask=yes#m", "https://h/v1?mask=true&x=1#m", "https://h/v1#m?mask=true"]
)
def test_an_unknown_option_of_an_address_is_refused(address):
    with pytest.raises(BadInput, match="mask=true"):
        answer(Candidate("far", address), requests("one"))
