"""Weights in 4 bits (NF4 with double quantisation, bitsandbytes), and the same values as plain numbers.

Out of scope: files (`files`) and whole models (`loading`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    import torch
    from transformers import BitsAndBytesConfig, PreTrainedModel

QUANTIZE = (None, "nf4")


def nf4(compute: torch.dtype) -> BitsAndBytesConfig:
    """NF4 with double quantisation; on a CPU it must compute in float32, bfloat16 is many times slower there."""
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute,
        bnb_4bit_quant_storage=compute if compute.itemsize == 2 else None,
    )


def unpacked_fits(model: PreTrainedModel) -> bool:
    """Whether a processor's memory holds the model's weights in float32 with as much left."""
    return model.device.type == "cpu" and 8 * model.num_parameters() < psutil.virtual_memory().available


def plain_weights(model: PreTrainedModel) -> PreTrainedModel:
    """A 4-bit model with its weights as the numbers they stand for."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()  # it warns that this was asked for
    model = model.dequantize()
    logging.set_verbosity(before)
    return model
