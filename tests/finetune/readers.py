"""A model in any runtime as a function of token ids, and how it reads examples one by one."""

from pathlib import Path

import numpy as np
import torch

from migration.files import read_json
from migration.finetune.export import reading_of
from migration.finetune.training.watch import evaluating


def in_transformers(loaded):
    """A loaded model: token ids of a text and a number k give the logits at its last k tokens, float32 (k, words)."""
    model = evaluating(loaded.model)

    @torch.no_grad()
    def logits(ids, keep):
        return model(torch.tensor([ids], device=loaded.device), logits_to_keep=keep).logits[0].float()

    return logits


def readings(logits, examples):
    """For each example the likeliest token at every answer position up to the first miss, and the mean logprob."""
    lengths = [len(example) - example.answer for example in examples]
    return [reading_of(logits(one.ids, n + 1)[:-1], one) for one, n in zip(examples, lengths, strict=True)]


def in_onnxruntime(folder):
    """The model of a folder that `runtimes.to_onnx` wrote, in ONNX Runtime."""
    import onnxruntime_genai as genai

    model = genai.Model(str(folder))
    context = read_json(Path(folder) / "genai_config.json")["model"]["context_length"]

    def logits(ids, keep):
        settings = genai.GeneratorParams(model)  # room for the text, and for the sliding window of any family
        settings.set_search_options(max_length=min(context, max(len(ids) + 1, 4096)))
        generator = genai.Generator(model, settings)
        generator.append_tokens(np.array([ids], np.int32))
        return torch.from_numpy(generator.get_output("logits")[0, -keep:])

    return logits


def in_executorch(file):
    """The program that `runtimes.to_executorch` wrote, in ExecuTorch's runtime."""
    from executorch.runtime import Runtime

    forward = Runtime.get().load_program(Path(file)).load_method("forward")

    def logits(ids, keep):
        (found,) = forward.execute([torch.tensor([ids]), torch.arange(len(ids))])
        return found[0, -keep:].clone()  # the runtime writes the next answer into the same memory

    return logits
