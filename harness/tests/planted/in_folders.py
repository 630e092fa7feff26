"""Errors planted in what is looked at of a model's folder before it is loaded, and of its tokenizer's tokens."""

from harness.tests.planted.planted import Planted

FOLDER, AGREEMENT, FITTING, LOADING = (
    f"harness/models/{name}.py" for name in ("folder", "agreement", "fitting", "loading")
)
HEADERS, RENEWED, PROMPTS = "harness/models/headers.py", "harness/models/renewed.py", "harness/prompts.py"
OF_FOLDER, OF_FITTING, OF_LOADING, OF_HEADERS = (
    f"harness/tests/models/test_{name}.py" for name in ("folder", "fitting", "loading", "headers")
)
OF_PROMPTS = "harness/tests/test_prompts.py"
MODEL = "C1 C2 C8 C9 C10 C11 C12 C13 Q1"
REFUSED = f"{OF_FOLDER}::test_folder_is_refused_by_name_before_anything_is_loaded"
CONFIGURATION = f"{OF_FOLDER}::test_configuration_that_can_not_be_is_refused"
HEADER = f"{OF_HEADERS}::test_header_fits_its_file_or_is_refused"

FOLDERS = [
    Planted(
        "weights taken from outside of the folder",
        MODEL,
        FOLDER,
        "    return parts == {name} and",
        "    return True or parts == {name} and",
        REFUSED,
    ),
    Planted(
        "weights that no index names left out in silence",
        MODEL,
        FOLDER,
        "if stray := sorted(there - named):",
        "if stray := sorted(named - there):",
        REFUSED,
    ),
    Planted(
        "adapter beside its base left out in silence",
        MODEL,
        FOLDER,
        "if (self.path / adapter).exists():",
        "if not self.path.exists():",
        REFUSED,
    ),
    Planted(
        "pipes waited for",
        MODEL,
        FOLDER,
        'and (found := what_is(path)) != "a file":',
        'and (found := what_is(path)) == "a folder":',
        REFUSED,
    ),
    Planted(
        "tokenizer's model left out of the fingerprint",
        MODEL,
        FOLDER,
        '".model", ".tokenizer"',
        '".tokenizer"',
        f"{OF_FOLDER}::test_fingerprint_is_of_all_files_that_tokenizers_are_read_from",
    ),
    Planted(
        "half of the layers loaded in silence",
        MODEL,
        AGREEMENT,
        "if isinstance(said, int) and said != held:",
        "if isinstance(said, int) and said > held:",
        CONFIGURATION,
    ),
    Planted(
        "true taken for a size",
        MODEL,
        AGREEMENT,
        "if type(size) is not int or not 0 < size < LARGEST:",
        "if not isinstance(size, int) or not 0 < size < LARGEST:",
        CONFIGURATION,
    ),
    Planted(
        "tokenizers that end texts found under their old fingerprint",
        MODEL,
        RENEWED,
        '"SpecialToken" in single[-1] and',
        '"SpecialToken" in single[0] and',
        f"{OF_FOLDER}::test_tokenizer_that_ends_texts_has_another_fingerprint",
    ),
    Planted(
        "tensors that share their bytes",
        MODEL,
        HEADERS,
        "        end = last",
        "        end = first",
        HEADER,
    ),
    Planted(
        "shapes not held to the bytes they take",
        MODEL,
        HEADERS,
        "if last - first != math.prod(shape) * bytes_each:",
        "if last - first > math.prod(shape) * bytes_each:",
        HEADER,
    ),
]
NETWORKS = [
    Planted(
        "unused tensors left out in silence",
        MODEL,
        FITTING,
        "for n in sorted(found.keys() - asked.keys()) if not architecture.is_table(n))",
        "for n in sorted(found.keys() - asked.keys()) if architecture.is_table(n))",
        f"{OF_FITTING}::test_tensor_that_nothing_uses_is_refused",
    ),
    Planted(
        "tied weights taken for missing ones",
        MODEL,
        FITTING,
        "found.keys() - shared))",
        "found.keys()))",
        f"{OF_FITTING}::test_unembedding_may_be_tied",
    ),
    Planted(
        "weights of eight bits finetuned",
        MODEL,
        FITTING,
        "elif name in trained and stored.dtype not in BYTES:",
        "elif name in trained and not stored.dtype:",
        f"{OF_FITTING}::test_whole_numbers_are_no_weights",
    ),
    Planted(
        "prompts beyond the length where frequencies turn",
        MODEL,
        FITTING,
        "return int(min(lengths))",
        "return int(max(lengths))",
        f"{OF_FITTING}::test_split_is_exact_where_frequencies_turn",
    ),
    Planted(
        "how a model is run, as its folder says",
        MODEL,
        FITTING,
        "fields(kind)} - _OURS |",
        "fields(kind)} |",
        f"{OF_FITTING}::test_how_a_model_is_run_is_not_for_its_folder_to_say",
    ),
    Planted(
        "weights that hold nothing measured",
        MODEL,
        LOADING,
        "if logits.min() == logits.max():",
        "if logits.min() > logits.max():",
        f"{OF_FITTING}::test_weights_that_hold_nothing_are_refused",
    ),
]
TOKENS = [
    Planted(
        "what ends a text taken for what begins it",
        MODEL,
        LOADING,
        "            return list(whole[: starts[0]])",
        "            return list(tokenizer('')[\"input_ids\"])",
        f"{OF_LOADING}::test_start_is_told_from_a_word",
    ),
    Planted(
        "unknown answer words scored as the unknown token",
        "C1 C2 C10",
        PROMPTS,
        "if not tokens or self._unknown & {*tokens}:",
        "if not tokens:",
        f"{OF_PROMPTS}::test_answer_word_that_the_tokenizer_lacks_is_refused",
    ),
    Planted(
        "unknown token known by the tokenizer's settings alone",
        "C1 C2 C10",
        PROMPTS,
        "self.tokenizer.get_vocab().get(own) if own else None}",
        "None}",
        f"{OF_PROMPTS}::test_answer_word_that_the_tokenizer_lacks_is_refused",
    ),
    Planted(
        "token just beyond the embedding looked up",
        MODEL,
        PROMPTS,
        "largest >= self.vocabulary:",
        "largest > self.vocabulary:",
        f"{OF_PROMPTS}::test_token_beyond_the_models_vocabulary_is_refused",
    ),
]
ERRORS = [*FOLDERS, *NETWORKS, *TOKENS]
