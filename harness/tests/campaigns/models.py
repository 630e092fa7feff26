"""Model folders, sound but for a mutation or two: config.json, tokenizer files, safetensors headers, indices, files."""

import random
from collections.abc import Callable
from pathlib import Path

from harness.tests.campaigns.campaign import Campaign
from harness.tests.campaigns.model_files import (
    beside,
    dropped,
    in_config,
    in_ropes,
    in_the_way,
    in_tokenizer,
    in_tokenizers_settings,
    raw,
)
from harness.tests.campaigns.model_weights import in_header, in_index
from harness.tests.model_folders import FAMILIES, write_model

Mutation = Callable[[random.Random, Path], str]
MUTATIONS: tuple[Mutation, ...] = (
    *(in_config,) * 6,
    *(in_tokenizer,) * 4,
    *(in_tokenizers_settings,) * 2,
    *(in_header,) * 3,
    *(in_ropes, dropped, raw, raw, in_the_way, in_the_way, in_index, beside),
)


def make(rng: random.Random, folder: Path) -> str:
    """Write a sound folder, and mutate it once or twice."""
    family = rng.choice(["llama", "llama", *FAMILIES])
    model = write_model(folder / "model", family)
    return f"{family}: " + "; ".join(rng.choice(MUTATIONS)(rng, model) for _ in range(rng.choice([1, 1, 1, 2])))


def answer(folder: Path) -> str:
    """Locate the model, tokenize a task's texts, load the weights and score two queries behind demonstrations.

    What is scored must be what the whole prompts give.
    """
    import numpy as np  # noqa: PLC0415
    import torch  # noqa: PLC0415

    import fixtures  # noqa: PLC0415  # in the try's own process
    from harness.data import Example, Setting, Task  # noqa: PLC0415
    from harness.errors import HarnessError  # noqa: PLC0415
    from harness.models.loading import load_model, load_prompt_builder, quiet_transformers  # noqa: PLC0415
    from harness.models.scoring import score  # noqa: PLC0415
    from harness.models.source import locate_model, source_facts  # noqa: PLC0415

    quiet_transformers()
    shown, *asked = (Example({"text": f"w{i} w{i + 1} w{i + 2}"}, i % 2, str(i)) for i in range(4))
    task = Task("toy", "Input: {text} Type:", ("bad", "good"), (), (), (), "", "", "")
    try:
        source = locate_model(str(folder / "model"), fixtures.MODELS)
        prompts = load_prompt_builder(source, folder / ".store").build(task, [shown], asked)
        model = load_model(source, folder / ".store", "cpu")
        source_facts(source, folder / ".store")
        found = score(model, prompts, Setting.ICL).label_logits
    except HarnessError as error:
        if "trust_remote_code" in str(error) or "Traceback" in str(error):
            raise AssertionError(str(error)) from error
        raise
    with torch.inference_mode():
        whole = [
            model.network(torch.tensor([[*prompts.prefix, *query]]), use_cache=False).logits[0, -1]
            for query in prompts.queries
        ]
    expected = torch.stack(whole)[:, list(prompts.answer_tokens)].numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * float(abs(expected).max()))
    return "scored"


CAMPAIGN = Campaign(
    "models",
    make,
    answer,
    preload=(
        "torch",
        "harness.models.loading",
        "harness.models.scoring",
        "transformers.models.gpt2.modeling_gpt2",
        "transformers.models.llama.modeling_llama",
        "transformers.models.xglm.modeling_xglm",
        "fixtures",
    ),
)
