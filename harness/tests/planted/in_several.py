"""Errors planted in runs of several models, and in reports that are put together."""

from harness.tests.planted.planted import Planted

SEVERAL = "several"
SIDE, OF_SIDE = "harness/report/side_by_side.py", "harness/tests/report/test_side_by_side.py::test_"
TOGETHER, OF_TOGETHER = "harness/report/together.py", "harness/tests/report/test_together.py::test_"
COMBINING, OF_COMBINING = "harness/report/combining.py", "harness/tests/report/test_combining.py::test_"
LOADED, OF_LOADED = "harness/runs/loaded.py", "harness/tests/runs/test_loaded.py::test_"
STUDY, OF_STUDY = "harness/plugin/study.py", "harness/tests/plugin/test_study.py::test_"
MODELS, OF_MODELS = "harness/plugin/models.py", "harness/tests/plugin/test_models.py::test_"
EXPECTATION, OF_EXPECTATION = "harness/judging/expectation.py", "harness/tests/judging/test_expectation.py::test_"

REFUSED = f"{OF_COMBINING}what_cannot_stand_side_by_side_is_refused_by_what_differs"

ERRORS = [
    Planted(
        "a model refuted on which another is supported is said to differ, no more",
        SEVERAL,
        SIDE,
        "if {Outcome.SUPPORTED, Outcome.REFUTED} <= outcomes:",
        "if {Outcome.SUPPORTED, Outcome.REFUTED} == set():",
        f"{OF_SIDE}every_claim_has_a_row_with_its_verdict_on_each_model",
    ),
    Planted(
        "a claim that one model alone was judged on counted as agreement",
        SEVERAL,
        SIDE,
        "sum(verdict is not None for verdict in row.verdicts) > 1]",
        "sum(verdict is not None for verdict in row.verdicts) > 0]",
        f"{OF_SIDE}agreement_counts_claims_that_several_models_were_judged_on",
    ),
    Planted(
        "comparisons of two models matched by their place",
        SEVERAL,
        SIDE,
        "tuple((name, tuple(parts.get(name) for parts in by_model)) for name in names)",
        "tuple((n, tuple([*p.values()][i] if i < len(p) else None for p in by_model)) for i, n in enumerate(names))",
        f"{OF_SIDE}comparisons_of_a_row_are_matched_by_their_names",
    ),
    Planted(
        "two models of one last name called the same",
        SEVERAL,
        SIDE,
        "name if shared.count(name) == 1 else subject",
        "name",
        f"{OF_SIDE}labels_are_last_parts_unless_two_share_one",
    ),
    Planted(
        "a setting that one run lacks said to be of all",
        SEVERAL,
        TOGETHER,
        "if all(key in each and each[key] == value for each in others)",
        "if all(each.get(key, value) == value for each in others)",
        f"{OF_TOGETHER}what_differs_stands_with_each_model",
    ),
    Planted(
        "the settings of all in a model's place",
        SEVERAL,
        "harness/report/document.py",
        "return {**self.settings, **named, **self.models[subject].settings}",
        "return {**self.settings, **named}",
        f"{OF_TOGETHER}together_once_more_changes_nothing",
    ),
    Planted(
        "reports of other levels set side by side",
        SEVERAL,
        COMBINING,
        'document.facts.settings.get("alpha")',
        'document.facts.settings.get("seed")',
        REFUSED,
    ),
    Planted(
        "another rule under the same id taken for wording",
        SEVERAL,
        COMBINING,
        'frozenset({"title", ',
        'frozenset({"title", "decision_rule", "matters", ',
        REFUSED,
    ),
    Planted(
        "the second verdict about a model dropped in silence",
        SEVERAL,
        COMBINING,
        "if verdict.claim.subject in {MODEL, MODELS}:",
        "if verdict.claim.subject not in {MODEL, MODELS}:",
        f"{OF_COMBINING}a_models_verdict_stands_in_one_report_only",
    ),
    Planted(
        "another outcome of a claim about no model dropped in silence",
        SEVERAL,
        COMBINING,
        "if verdict.outcome is not before.outcome:",
        "if not verdict.outcome:",
        f"{OF_COMBINING}claims_about_no_model_are_kept_once",
    ),
    Planted(
        "two models of one name put together",
        SEVERAL,
        COMBINING,
        'model.model.get("sha256"))]',
        'before.models[name].model.get("sha256"))]',
        f"{OF_COMBINING}one_name_is_of_one_model_and_one_run",
    ),
    Planted(
        "the model before held while the next is loaded",
        SEVERAL,
        LOADED,
        "    _forget_weights()\n    _ = load_builder",
        "    _ = load_builder",
        f"{OF_LOADED}process_holds_one_model",
    ),
    Planted(
        "answers of the model before kept in memory",
        SEVERAL,
        STUDY,
        "        self._evidence = Evidence(self.sources)\n        loaded.let_go()",
        "        loaded.let_go()",
        f"{OF_STUDY}model_before_lets_go_when_anothers_turn_comes",
    ),
    Planted(
        "a model tried whether or not it is to be run",
        SEVERAL,
        STUDY,
        "if any(isinstance(record, Run) for wave in",
        "if True or any(isinstance(record, Run) for wave in",
        f"{OF_STUDY}model_is_tried_where_the_store_lacks_runs_of_it",
    ),
    Planted(
        "a model that failed stops the others",
        SEVERAL,
        "harness/plugin/plugin.py",
        "if len(cases_of(item.config)) == 1 or open_bench(item.config, claim) is None:",
        "if cases_of(item.config):",
        "harness/tests/plugin/test_suite.py::test_subject_that_cannot_be_judged_stops_no_other",
    ),
    Planted(
        "runs that were given up tried again by every family",
        SEVERAL,
        STUDY,
        "            if subject in self._stopped:",
        "            if not subject:",
        f"{OF_STUDY}run_that_was_given_up_is_not_tried_again",
    ),
    Planted(
        "a model that failed before keeps the others from their turn",
        SEVERAL,
        STUDY,
        "        except HarnessError:\n            return",
        "        except HarnessError:\n            raise",
        f"{OF_STUDY}run_that_was_given_up_is_not_tried_again",
    ),
    Planted(
        "what is about no model planned with every model",
        SEVERAL,
        "harness/__main__.py",
        "if module.claim.subject == MODEL]  # the others are judged once",
        "if module.claim.subject]  # the others are judged once",
        "harness/tests/test_main_models.py::test_plan_is_of_each_model_that_a_profile_names",
    ),
    Planted(
        "the first of a profile's models taken for the only one",
        SEVERAL,
        MODELS,
        "return tuple(map(str, named)) if isinstance(named, tuple) else (str(named),)",
        "return tuple(map(str, named))[:1] if isinstance(named, tuple) else (str(named),)",
        "harness/tests/plugin/test_profiles.py::test_paper_profile_is_what_the_paper_did",
    ),
    Planted(
        "one model under two names judged twice",
        SEVERAL,
        MODELS,
        "if (other := first.setdefault(fingerprint, name)) != name:",
        "if (other := first.setdefault(name, name)) != name:",
        f"{OF_MODELS}same_weights_under_two_names_are_refused",
    ),
    Planted(
        "an expectation of another model applied",
        SEVERAL,
        EXPECTATION,
        'if not (name == "model" and settings.get(name) in self.models)',
        'if name != "model"',
        f"{OF_EXPECTATION}expectation_of_several_models_holds_for_each_of_them_alone",
    ),
]
