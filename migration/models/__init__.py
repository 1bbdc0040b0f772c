"""Models: where weights come from (`files`), how they are loaded quantised, and sentence embeddings (`embedding`)."""

import logging

from migration.models.embedding import Tokens, embed, embed_tokens, token_places
from migration.models.files import ModelFiles, ModelNotFound, find, notice, user_cache
from migration.models.loading import (
    LoadedModel,
    context_of,
    identity_of,
    load,
    load_tokenizer,
    plain_folder,
    with_adapter,
)

# A faster 4-bit product of an optional package: results are the same without it, and training does not use it.
logging.getLogger("bitsandbytes.backends.cpu.ops").addFilter(lambda said: "kernels-community" not in str(said.msg))

__all__ = [
    "LoadedModel",
    "ModelFiles",
    "ModelNotFound",
    "Tokens",
    "context_of",
    "embed",
    "embed_tokens",
    "find",
    "identity_of",
    "load",
    "load_tokenizer",
    "notice",
    "plain_folder",
    "token_places",
    "user_cache",
    "with_adapter",
]
