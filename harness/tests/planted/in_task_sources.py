"""Errors planted in tasks that are made of a package's files, or of WordNet's."""

from harness.tests.planted.planted import Planted

VADER, WORDNET, SPLIT = "harness/tasks/vader.py", "harness/tasks/wordnet.py", "harness/tasks/split.py"
OF_ORIGIN, OF_WORDNET = "harness/tests/tasks/test_origin.py", "harness/tests/tasks/test_wordnet.py"
MODEL = "C1 C2 C8 C9 C10 C11 C12 C13 Q1"

ORIGIN = [
    Planted(
        "a class from the wrong file",
        MODEL,
        VADER,
        "enumerate(source.classes)",
        "enumerate(source.classes[::-1])",
        f"{OF_ORIGIN}::test_sentence_has_the_class_of_its_file",
    ),
    Planted(
        "of a class of two files the first alone",
        MODEL,
        VADER,
        "for name in files",
        "for name in files[:1]",
        f"{OF_ORIGIN}::test_class_can_be_of_several_files",
    ),
    Planted(
        "sentences of no clear rating left out of where they come from",
        MODEL,
        VADER,
        "for place, _, text in _snippets(rated_file(package, name, fetched))",
        "for place, rating, text in _snippets(rated_file(package, name, fetched)) if rating",
        f"{OF_ORIGIN}::test_sentence_has_the_class_of_its_file",
    ),
    Planted(
        "classes as large as their files",
        MODEL,
        SPLIT,
        "    smallest = min(map(len, by_class))\n"
        "    rounds = zip(*(of_class[:smallest] for of_class in by_class), strict=True)\n",
        "    rounds = by_class\n",
        f"{OF_ORIGIN}::test_classes_of_files_are_equal_and_the_rest_counted "
        f"{OF_WORDNET}::test_kinds_are_equal_in_each_part_and_the_rest_counted",
    ),
]
GLOSSES = [
    Planted(
        "example sentences left in glosses",
        MODEL,
        WORDNET,
        """gloss.partition('"')[0].strip(" ;:")""",
        """gloss.strip(" ;:")""",
        f"{OF_WORDNET}::test_gloss_has_the_kind_of_its_lexicographer_file",
    ),
    Planted(
        "definitions cut at their first semicolon",
        MODEL,
        WORDNET,
        """gloss.partition('"')""",
        """gloss.partition(";")""",
        f"{OF_WORDNET}::test_definition_is_what_stands_before_the_first_sentence_in_quotes",
    ),
    Planted(
        "length of the gloss with its examples",
        MODEL,
        WORDNET,
        "shortest <= len(shown) <= longest",
        "shortest <= len(gloss.strip()) <= longest",
        f"{OF_WORDNET}::test_lengths_at_the_bounds_are_taken_and_others_counted",
    ),
    Planted(
        "lexicographer files numbered from two",
        MODEL,
        "harness/tasks/catalogue.py",
        "enumerate(NOUNS, start=3)",
        "enumerate(NOUNS, start=2)",
        f"{OF_WORDNET}::test_gloss_has_the_kind_of_its_lexicographer_file",
    ),
    Planted(
        "any file called data.noun taken for WordNet 3.0's",
        MODEL,
        WORDNET,
        "if digest in sha256:",
        "if digest:",
        f"{OF_WORDNET}::test_file_of_another_hash_is_refused_with_how_to_get_the_right_one",
    ),
    Planted(
        "glosses left out without a count",
        MODEL,
        WORDNET,
        "(*counted, *parts.left_out)",
        "parts.left_out",
        f"{OF_WORDNET}::test_kinds_are_equal_in_each_part_and_the_rest_counted",
    ),
    Planted(
        "a folder that was named for WordNet passed over",
        MODEL,
        "harness/runs/opening.py",
        "if settings.wordnet is None else (settings.wordnet,)",
        "if settings.wordnet is None else usual_folders({})",
        f"{OF_WORDNET}::test_wordnet_is_missed_before_anything_runs",
    ),
]
ERRORS = [*ORIGIN, *GLOSSES]
