"""The policy on other engines: what is written says the same as the policy, and what it cannot say is told."""

import json
import shutil
import subprocess

import pytest
import yaml
from live_runs import policy, put

from migration.errors import BadInput
from migration.live.exports import export
from migration.live.exports.vllm_sr import config_of
from migration.routing.policy import Candidate
from migration.schema import CandidateKind

AT = {"tiny": "http://127.0.0.1:1/v1", "small": "https://slm.example.com/v1#s"}
LLM = "https://api.openai.com/v1#gpt-4o"


def test_a_cascade_in_vllm_semantic_routers_words():
    config, lacking = config_of(policy(rungs=("tiny", "small")), llm=LLM, upstreams=AT)
    assert lacking == []
    (decision,), (signal,) = config["routing"]["decisions"], config["routing"]["signals"]["metadata"]
    assert [ref["model"] for ref in decision["modelRefs"]] == ["tiny", "small", "big"]
    assert decision["rules"]["conditions"] == [{"type": "metadata", "name": signal["name"]}]
    assert signal["predicate"] == {"equals": "queue"}
    kept_from = 3 * decision["algorithm"]["confidence"]["threshold"] - 3
    assert kept_from == pytest.approx(-1.0, abs=1e-3), "where the calibrator reaches the policy's threshold"
    backends = {model["name"]: model["backend_refs"][0] for model in config["providers"]["models"]}
    assert backends["big"]["api_key_env"] == "OPENAI_API_KEY"
    assert "api_key_env" not in backends["small"], "OpenAI's key goes to OpenAI"


def test_what_the_other_engine_cannot_say_stays_with_the_llm_and_is_told():
    blind = policy()
    object.__setattr__(blind, "calibrators", {})
    config, lacking = config_of(blind, llm=LLM, upstreams=AT)
    assert config["routing"]["decisions"] == []
    assert "stays with the LLM" in lacking[0]
    quick = policy()
    object.__setattr__(quick, "candidates", {"small": Candidate(CandidateKind.CLASSIFIER, "x")})
    config, lacking = config_of(quick, llm=LLM, upstreams=AT)
    assert config["routing"]["decisions"] == []
    assert "no language model" in lacking[0]
    for measured, at in ((True, AT["small"]), (False, "https://slm.example.com/v1?mask=true#s")):
        private = policy()
        object.__setattr__(private, "candidates", {"small": Candidate(CandidateKind.SLM, masked=measured)})
        config, lacking = config_of(private, llm=LLM, upstreams={"small": at})
        assert config["routing"]["decisions"] == [], "its personal data would not be masked there"
        assert "personal data" in lacking[0]
    with pytest.raises(BadInput, match="candidates alone"):
        config_of(policy(), llm="https://api.openai.com/v1?mask=true#gpt-4o", upstreams=AT)


def test_the_files_of_each_engine(run, tmp_path):
    with pytest.raises(BadInput, match="no address"):
        export(run, "litellm", tmp_path, llm=LLM, upstreams={})
    with pytest.raises(BadInput, match="litellm or vllm-sr"):
        export(run, "envoy", tmp_path, llm=LLM, upstreams=AT)
    made = export(run, "litellm", tmp_path / "l", llm=LLM, upstreams=AT)
    config = yaml.safe_load((tmp_path / "l" / "config.yaml").read_text())
    assert {one["model_name"] for one in config["model_list"]} == {"hybrid", "llm"}
    assert config["router_settings"]["plugins"] == ["migration_litellm.plugin"]
    compile(made.files[1].read_text(), "migration_litellm.py", "exec")
    made = export(run, "vllm-sr", tmp_path / "v", llm=LLM, upstreams=AT)
    assert yaml.safe_load(made.files[0].read_text())["version"] == "v0.3"
    assert any("guarantee" in line for line in made.lacking)


def test_a_policy_that_must_not_serve_is_not_exported(run, tmp_path):
    file = next((run / "live" / "policies").glob("*.json"))
    file.write_text(json.dumps(json.loads(file.read_text()) | {"checksum": "0"}))
    with pytest.raises(BadInput, match="not exported"):
        export(run, "vllm-sr", tmp_path, llm=LLM, upstreams=AT)
    assert put(run, policy(0.7))


def test_vllm_semantic_routers_own_validator_accepts_it(run, tmp_path):
    tool = shutil.which("vllm-sr")
    if not tool:
        pytest.skip("needs vLLM Semantic Router's command (pip install vllm-sr==0.4.0, in an environment of its own)")
    (file,) = export(run, "vllm-sr", tmp_path, llm=LLM, upstreams=AT).files
    done = subprocess.run([tool, "config", "validate", "--config", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
