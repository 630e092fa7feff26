"""Errors planted in the models that rival explanations run."""

from harness.tests.planted.planted import Planted

CAUSAL, UNTRAINED, NEXT = (f"harness/models/{name}.py" for name in ("layer_causal", "untrained", "next_token"))
OF_CAUSAL, OF_UNTRAINED, OF_NEXT = (
    f"harness/tests/models/test_{name}.py::test_" for name in ("layer_causal", "untrained", "next_token")
)

ERRORS = [
    Planted(
        "gradients through the layers below",
        "O7",
        CAUSAL,
        "return output.detach()",
        "return output",
        f"{OF_CAUSAL}updates_do_not_know_of_the_layers_above",
    ),
    Planted(
        "read out without the normalisation",
        "O7",
        CAUSAL,
        "for path in model.readout:",
        "for path in model.readout[1:]:",
        f"{OF_CAUSAL}last_layer_steps_as_in_finetuning",
    ),
    Planted(
        "the token itself predicted",
        "O7",
        CAUSAL,
        "ids[0, 1:]",
        "ids[0, :-1]",
        f"{OF_CAUSAL}last_layer_steps_as_in_finetuning",
    ),
    Planted(
        "the last layer alone steps",
        "O7",
        CAUSAL,
        "*range(len(outputs) - 1, 0, -TOGETHER), 0]",
        "len(outputs) - 1]",
        f"{OF_CAUSAL}each_layer_steps_as_the_last_of_a_model_cut_off_after_it",
    ),
    Planted(
        "mean over the layers of a group",
        "O7",
        CAUSAL,
        "losses.sum() / len(following)",
        "losses.sum() / len(following) / len(states)",
        f"{OF_CAUSAL}each_layer_steps_as_the_last_of_a_model_cut_off_after_it",
    ),
    Planted(
        "fresh weights are the trained ones",
        "O1 O2",
        UNTRAINED,
        "LanguageModel(fresh.eval()",
        "LanguageModel(copy.deepcopy(network).eval()",
        f"{OF_UNTRAINED}fresh_weights_are_those_of_the_family",
    ),
    Planted(
        "rows shuffled, not entries",
        "O1",
        UNTRAINED,
        "parameter.flatten().to(exact)",
        "parameter.to(exact)",
        f"{OF_UNTRAINED}shuffling_keeps_the_entries_and_not_their_places",
    ),
    Planted(
        "the trained model itself shuffled",
        "O1",
        UNTRAINED,
        "copy.deepcopy(model.network).eval()",
        "model.network.eval()",
        f"{OF_UNTRAINED}rival_touches_neither_the_model_nor_the_global_random_state",
    ),
    Planted(
        "demonstrations under ZSL and FT",
        "O8",
        NEXT,
        "setting is Setting.ICL",
        "setting is not None",
        f"{OF_NEXT}logits_are_those_of_the_whole_prompt",
    ),
    Planted(
        "the token before the last",
        "O8",
        NEXT,
        "device=model.device), last]",
        "device=model.device), last - 1]",
        f"{OF_NEXT}logits_are_those_of_the_whole_prompt",
    ),
]
