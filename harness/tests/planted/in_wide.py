"""Errors planted in what other machines are asked for, and in what is kept and said of what they computed."""

from harness.tests.planted.planted import Planted

CONCERNS = "plans"
AWAY, DEMAND, MAKER = "harness/engines/away.py", "harness/engines/demand.py", "harness/store/maker.py"
OF_AWAY = "harness/tests/engines/test_away.py::test_"
OF_STUDY = "harness/tests/plugin/test_study.py::test_"


def error(file: str, name: str, right: str, wrong: str, caught_by: str) -> Planted:
    """Plant an error in how jobs go to other machines."""
    return Planted(name, CONCERNS, file, right, wrong, caught_by)


ERRORS = [
    error(
        AWAY,
        "any store of that path taken for the run's",
        'return self.path.read_text(encoding="ascii") == self.text',
        "return self.path.is_file()",
        f"{OF_AWAY}sign_is_known_by_what_it_says",
    ),
    error(
        AWAY,
        "what a group rests on brought for its first alone",
        "for of in made_by(job) for record in of.inputs",
        "for of in job for record in of.inputs",
        f"{OF_AWAY}all_of_a_group_are_brought_for_and_taken_back",
    ),
    error(
        AWAY,
        "what was made with a record left where it was made",
        "return [*job[0].together] or [*job]",
        "return [*job]",
        f"{OF_AWAY}all_of_a_group_are_brought_for_and_taken_back",
    ),
    error(
        AWAY,
        "what is brought not looked at",
        "        keep(own, brought)\n",
        "",
        f"{OF_AWAY}what_is_brought_is_not_computed_again",
    ),
    error(
        DEMAND,
        "the run's threads for a record that names its own",
        "record.threads or self.threads, BESIDE",
        "self.threads, BESIDE",
        "harness/tests/engines/test_demand.py::test_a_job_asks_for_what_its_record_says",
    ),
    error(
        "harness/engines/shares.py",
        "threads asked for and not given",
        "return Share(processes, settings.threads or max(1, processors // processes))",
        "return Share(processes, max(1, processors // processes))",
        "harness/tests/engines/test_shares.py::test_threads_that_are_asked_for_hold",
    ),
    error(
        "harness/store/entries.py",
        "what another machine made taken for this one's",
        '"made": maker() if entry.made is None else entry.made',
        '"made": maker()',
        f"{OF_AWAY}other_versions_are_said_and_other_threads_are_not",
    ),
    error(
        MAKER,
        "other versions not seen",
        "made[name] != here[name]",
        "made[name] is None",
        f"{OF_STUDY}runs_that_were_computed_elsewhere_are_named",
    ),
    error(
        "harness/plugin/study.py",
        "some claims' runs left for judging to compute",
        "self._run([*self._claims])",
        "self._run([*self._claims][:1])",
        f"{OF_STUDY}what_is_computed_without_judging_is_all_that_judging_needs",
    ),
    error(
        "harness/engines/plan.py",
        "a cluster reached for nothing",
        "if not ahead:  # no cluster",
        "if not questions:  # no cluster",
        "harness/tests/engines/test_chosen.py::test_where_nothing_is_lacking_no_cluster_is_needed",
    ),
]
