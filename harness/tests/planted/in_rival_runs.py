"""Errors planted in rivals of finetuning: their weights, updates, texts and draws, and the runs of them."""

from harness.tests.planted.planted import Planted

UNTRAINED = "harness/models/untrained.py"
CHANGES = "harness/models/weight_changes.py"
MODEL = "harness/models/language_model.py"
PROMPTING = "harness/runs/prompting.py"
CELLS = "harness/runs/cells.py"
FINETUNING = "harness/runs/finetuning.py"
RUN = "harness/runs/run.py"
VARIANT = "harness/runs/variants.py"
LOADED = "harness/runs/loaded.py"
SIZE = "harness/runs/update_size.py"
TASKS = "harness/tasks/unrelated.py"
OF_CHANGES = "harness/tests/models/test_weight_changes.py::test_"
OF_PROMPTING = "harness/tests/runs/test_prompting.py::test_"
OF_CELLS = "harness/tests/runs/test_cells.py::test_"
OF_FINETUNING = "harness/tests/runs/test_finetuning.py::test_"
OF_VARIANTS = "harness/tests/runs/test_variants.py::test_"
OF_LOADED = "harness/tests/runs/test_loaded.py::test_"
OF_SIZE = "harness/tests/runs/test_update_size.py::test_"
RIVALS = "O1 O2 O7"
CONTROLS = "C10 C11 C12 C13"
KEPT = "harness/tests/models/test_untrained.py::test_partly_fresh_model_keeps_what_its_name_says"
SIZED = "harness/tests/models/test_weight_changes.py::test_random_update_is_as_large_as_finetunings"

ERRORS = [
    Planted(
        "embeddings drawn anew too",
        RIVALS,
        UNTRAINED,
        "[*model.embeddings, *model.norms]",
        "[model.architecture.unembedding, *model.norms]",
        KEPT,
    ),
    Planted(
        "unembedding drawn anew too",
        RIVALS,
        MODEL,
        "*row.after_norm, row.unembedding)",
        "*row.after_norm)",
        KEPT,
    ),
    Planted(
        "embeddings kept where the norms alone should be",
        RIVALS,
        UNTRAINED,
        "_fresh_but_for(model, rng, model.norms)",
        "_fresh_but_for(model, rng, [*model.embeddings, *model.norms])",
        KEPT,
    ),
    Planted(
        "the final norm drawn anew",
        RIVALS,
        MODEL,
        "*in_layers, row.final_norm,",
        "*in_layers,",
        KEPT,
    ),
    Planted(
        "the first layer's norms alone kept",
        RIVALS,
        MODEL,
        "layers = range(len(self.attention_modules))",
        "layers = range(1)",
        KEPT,
    ),
    Planted(
        "norms' biases drawn anew",
        RIVALS,
        UNTRAINED,
        "            parameter.copy_(trained)",
        "            parameter.copy_(trained)\n            break",
        KEPT,
    ),
    Planted(
        "one rival for the other",
        RIVALS,
        LOADED,
        '"norms": untrained.fresh_between_norms,',
        '"norms": untrained.fresh_between_embeddings,',
        f"{OF_LOADED}partly_fresh_rivals_keep_what_their_names_say",
    ),
    Planted(
        "random update of another size",
        CONTROLS,
        CHANGES,
        "place.add_(noise * (size / noise.norm()))",
        "place.add_(noise * size)",
        SIZED,
    ),
    Planted(
        "keys and values of a fused matrix as one",
        CONTROLS,
        CHANGES,
        "model.slices(model.architecture.key, model.architecture.value)",
        "model.slices(*model.architecture.key_value)",
        SIZED,
    ),
    Planted(
        "a parameter's own range for that of what is trained of it",
        CONTROLS,
        CHANGES,
        "Places(1, s.places.start - first[s.name], s.places.stop - first[s.name])",
        "Places(1, 0, s.places.stop - s.places.start)",
        SIZED,
    ),
    Planted(
        "noise on [0, 1) for an isotropic one",
        CONTROLS,
        CHANGES,
        "rng.standard_normal(tuple(place.shape))",
        "rng.random(tuple(place.shape))",
        f"{OF_CHANGES}random_update_points_nowhere_in_particular",
    ),
    Planted(
        "finetuning's weights for the model's own",
        CONTROLS,
        CHANGES,
        "found = {name: weight.cpu().double().clone() for name, weight in own.items()}",
        "found = {name: weights[name].cpu().double().clone() for name in own}",
        f"{OF_CHANGES}random_update_points_nowhere_in_particular",
    ),
    Planted(
        "finetuning's own update for a random one",
        CONTROLS,
        FINETUNING,
        "found = random_update(model_of(self, store), weights_of(trained), rng)",
        "found = weights_of(trained)",
        f"{OF_FINETUNING}random_update_is_of_the_size_of_the_claims_own",
    ),
    Planted(
        "the same random update in every draw and of every set",
        CONTROLS,
        FINETUNING,
        '"random update", self.task.name, drawn.candidate, *self.variant.names)',
        '"random update", self.task.name)',
        f"{OF_FINETUNING}random_updates_are_their_draws_and_sets",
    ),
    Planted(
        "a random update as large as a control's of the claims' own",
        CONTROLS,
        FINETUNING,
        '"rates": (), "context": None} if steps == OWN else {}',
        '"rates": (), "context": None} if steps != OWN else {}',
        f"{OF_FINETUNING}random_update_rests_on_the_finetuning_of_its_set",
    ),
    Planted(
        "biases among the sizes of matrices",
        "O7",
        CHANGES,
        "for part in _parts(model) if part.parameter.ndim > 1",
        "for part in _parts(model) if part.parameter.ndim > 0",
        f"{OF_CHANGES}relative_sizes_by_hand",
    ),
    Planted(
        "size of what is left for size of the change",
        "O7",
        CHANGES,
        "float((after - before).norm() / before.norm())",
        "float(after.norm() / before.norm())",
        f"{OF_CHANGES}relative_sizes_by_hand",
    ),
    Planted(
        "a rival's update against the trained weights",
        "O1 O7",
        SIZE,
        "relative_sizes(model_of(self, store), weights)",
        "relative_sizes(model_of(self.becoming(UpdateSizeRun, demonstrations=None), store), weights)",
        f"{OF_SIZE}size_is_relative_to_the_models_own_weights",
    ),
    Planted(
        "demonstrations among unrelated texts",
        CONTROLS,
        PROMPTING,
        "if e.content_hash not in taken]",
        "if e.content_hash in taken]",
        f"{OF_PROMPTING}unrelated_texts_of_a_folder_are_its_pools_without_answers",
    ),
    Planted(
        "the task's own pool where other sources are there",
        CONTROLS,
        PROMPTING,
        "texts = run.task.unrelated or [",
        "texts = [",
        f"{OF_PROMPTING}unrelated_texts_are_other_sources_where_there_are_any",
    ),
    Planted(
        "unrelated texts in the context",
        CONTROLS,
        VARIANT,
        'update="finetuned", texts="demonstrations"))',
        'update="finetuned"))',
        f"{OF_CELLS}variant_changes_what_it_says_and_nothing_else",
    ),
    Planted(
        "unrelated texts left out of the key",
        CONTROLS,
        RUN,
        'if self.variant.texts == "unrelated":',
        'if self.variant.texts == "none":',
        f"{OF_PROMPTING}unrelated_texts_decide_the_key",
    ),
    Planted(
        "sentences of the task's own file",
        CONTROLS,
        TASKS,
        "package.files.keys() - {*source.files}",
        "package.files.keys()",
        "harness/tests/tasks/test_unrelated.py::test_unrelated_sentences_are_of_the_files_that_the_task_does_not_read",
    ),
    Planted(
        "tokens of other texts matched with the context's",
        "kendall C13",
        CELLS,
        "return read.demonstrations == shown.demonstrations and not unlike",
        "return True",
        f"{OF_CELLS}training_and_context_are_matched_where_they_hold_the_same_texts",
    ),
    Planted(
        "a rate for every draw",
        "O1 O7",
        VARIANT,
        "return replace(self.of_training, draw=0)",
        "return self.of_training",
        f"{OF_VARIANTS}rate_is_selected_on_the_first_draw",
    ),
]
