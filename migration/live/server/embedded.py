"""The run's own small model beside the gateway: llama.cpp's server in a process of its own, on a free loopback port.

For a bare machine, tests and a first look; in production a candidate has an address (vLLM, llama.cpp, any API). An
adapter is merged once into the weights it was trained on and kept as GGUF (half precision) under `live/models/`: the
same function in another engine, whose answers may differ in the last digit (04's guarantee is of the engine that 02
and 03 measured with). Needs the package xllamacpp.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migration.errors import BadInput
from migration.live.rungs.local import adapter_of, quantisation_of

if TYPE_CHECKING:
    from migration.routing.policy import Candidate

CONTEXT, SLOTS = 8192, 2
"""Tokens of all slots together, and how many calls are computed at a time."""


@dataclass
class Embedded:
    """The servers of a run's local candidates: `addresses` maps a candidate's name to its upstream."""

    run: Path
    addresses: dict[str, str] = field(default_factory=dict)
    _served: dict[tuple[str, str], str] = field(default_factory=dict)
    _processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, candidates: dict[str, Candidate]) -> None:
        """Serve each candidate; those of one base and adapter share a server. Raises BadInput where one cannot be."""
        for name, candidate in candidates.items():
            model = candidate.base or candidate.source, adapter_of(self.run, candidate)
            if model not in self._served:
                self._served[model] = self._serve(*model)
            self.addresses[name] = f"{self._served[model]}#{name}"

    def _serve(self, base: str, adapter: str) -> str:
        command = [sys.executable, "-m", "migration.live.server.embedded", str(self.run), base, adapter]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        process: subprocess.Popen[str] = subprocess.Popen(command, text=True, start_new_session=True, **pipes)
        self._processes.append(process)
        assert process.stdout
        for line in process.stdout:
            if line.startswith("{"):
                said = json.loads(line)
                if "url" in said:
                    return str(said["url"])
                raise BadInput(f"{base} cannot be served here: {said['problem']}")
        raise BadInput(f"{base} cannot be served here: llama.cpp's server ended at once")

    def stop(self) -> None:
        """End the servers."""
        for process in self._processes:
            process.kill()
            process.wait()


def gguf_of(run: Path, base: str, adapter: str) -> Path:
    """The GGUF file of a base, or of a base with an adapter, which is merged where that was not done before."""
    from migration import models

    files = models.find(base)
    if not adapter:
        if not files.gguf:
            raise BadInput(f"{base} is no GGUF: serve it yourself and give its address")
        return files.folder / files.gguf
    quantize = quantisation_of(run)
    weights = b"".join(file.read_bytes() for file in sorted(Path(adapter).glob("adapter_*")))
    key = hashlib.sha256(f"{files.identity} {quantize}".encode() + weights).hexdigest()[:16]
    target = run / "live" / "models" / f"{key}.gguf"
    if not target.exists():
        from tempfile import TemporaryDirectory

        from migration.finetune import merge, to_gguf

        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=target.parent) as folder:
            merged = merge(base, adapter, Path(folder) / "merged", quantize)
            to_gguf(base, merged, Path(folder) / "model.gguf").replace(target)
    return target


def main(run: str, base: str, adapter: str = "") -> None:
    """Serve one model until the standard input ends; the first line says where, or why not."""
    try:
        import xllamacpp

        file = gguf_of(Path(run), base, adapter)
    except ImportError:
        print(json.dumps({"problem": "llama.cpp's server is not installed: pip install xllamacpp"}), flush=True)
        return
    except BadInput as error:
        print(json.dumps({"problem": str(error)}), flush=True)
        return
    settings = xllamacpp.CommonParams()
    settings.model.path, settings.n_ctx, settings.n_parallel, settings.port = str(file), CONTEXT, SLOTS, 0
    settings.hostnames, settings.model_alias = ["127.0.0.1"], {Path(base).name}
    if (threads := os.environ.get("OMP_NUM_THREADS", "")).isdigit():  # as other engines on this machine are told
        settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = max(1, int(threads))
    server = xllamacpp.Server(settings)
    print(json.dumps({"url": f"{server.listening_address}/v1"}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
