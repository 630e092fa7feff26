"""Errors planted in what is planned, by whom it is run, and how it is kept: on it every number rests."""

from harness.tests.planted.planted import Planted

CONCERNS = "plans"
PLAN, HERE, ELSEWHERE, STORE = (
    "harness/engines/plan.py",
    "harness/engines/in_process.py",
    "harness/engines/in_processes.py",
    "harness/store/store.py",
)
SCHEDULE = "harness/engines/schedule.py"
MACHINE, SHARES = "harness/engines/machine.py", "harness/engines/shares.py"
OF_PLANS = "harness/tests/engines/test_plan.py::test_"
OF_MACHINE, OF_SHARES = (
    "harness/tests/engines/test_machine.py::test_",
    "harness/tests/engines/test_shares.py::test_",
)
OF_TOGETHER = "harness/tests/test_store_together.py::test_"
OF_HERE, OF_ELSEWHERE = (
    "harness/tests/engines/test_in_process.py::test_",
    "harness/tests/engines/test_in_processes.py::test_",
)
OF_RECORDS = "harness/tests/test_store_records.py::test_"


def error(file: str, name: str, right: str, wrong: str, caught_by: str) -> Planted:
    """Plant an error in what all claims rest on."""
    return Planted(name, CONCERNS, file, right, wrong, caught_by)


FORECASTS = [
    error(
        "harness/models/size.py",
        "a query taken for one token",
        "2 * (self.body * tokens + self.unembedding)",
        "2 * (self.body + self.unembedding)",
        "harness/tests/engines/test_forecast.py::test_work_is_the_models_numbers_times_the_tokens",
    ),
    error(
        "harness/models/size.py",
        "tied embeddings counted twice",
        "parameters = {id(p): p for p in network.parameters()}",
        "parameters = dict(network.named_parameters(remove_duplicate=False))",
        "harness/tests/models/test_real_shapes.py::test_paper_size_is_what_its_name_says",
    ),
    error(
        "harness/engines/forecast.py",
        "trained weights forgotten on disk",
        "return size.trained * itemsize + 4",
        "return 4",
        "harness/tests/engines/test_forecast.py::test_store_holds_about_what_was_foretold",
    ),
]
PLANS = [
    error(
        SCHEDULE,
        "a record run before what it rests on",
        "if not (node.waits_for or node.is_taken)}",
        "if not node.is_taken}",
        f"{OF_PLANS}only_goals_need_to_be_named {OF_PLANS}inputs_come_in_earlier_waves",
    ),
    error(
        SCHEDULE,
        "goals alone, without what they rest on",
        "for needed in record.inputs:",
        "for needed in record.inputs[:0]:",
        f"{OF_PLANS}only_goals_need_to_be_named",
    ),
    error(
        SCHEDULE,
        "a damaged goal taken for whole",
        "not self.store.holds(goal)",
        "not place.is_dir()",
        f"{OF_PLANS}damaged_goal_is_made_again {OF_PLANS}damaged_measurement_is_made_again",
    ),
    error(
        SCHEDULE,
        "all run again, whatever is there",
        "if place not in self._settled and not self.store.holds(goal):",
        "if place not in self._settled:",
        f"{OF_PLANS}goal_that_is_there_needs_nothing",
    ),
    error(
        SCHEDULE,
        "runs made again that only a kept measurement rests on",
        "        self._settled.add(place)\n        return place",
        "        _ = [self._goal(needed) for needed in goal.inputs]\n"
        "        self._settled.add(place)\n        return place",
        f"{OF_PLANS}goal_that_is_there_needs_nothing",
    ),
    error(
        SCHEDULE,
        "what an earlier stage planned, planned again",
        "            del self._nodes[place]\n",
        "            del self._nodes[place]\n            self._settled.discard(place)\n",
        f"{OF_PLANS}inputs_come_in_earlier_waves",
    ),
    error(
        SCHEDULE,
        "a question's next stage asked for before this one's is there",
        "if (place := self._goal(goal)) in self._nodes}",
        "if (place := self._goal(goal)) not in self._nodes}",
        f"{OF_PLANS}stages_are_run_one_after_the_other",
    ),
    error(
        SCHEDULE,
        "the shortest first",
        "-sum(record.cost for record in self.job)",
        "sum(record.cost for record in self.job)",
        f"{OF_PLANS}the_longest_are_run_first_and_what_needs_one_thread_last",
    ),
    error(
        SCHEDULE,
        "trainings before what others wait for",
        "self.job[0].threads == 1, -sum",
        "self.job[0].threads != 1, -sum",
        f"{OF_PLANS}the_longest_are_run_first_and_what_needs_one_thread_last",
    ),
    error(
        SCHEDULE,
        "all questions held up by the slowest",
        "        self._ask()\n\n    def _ask",
        "        if not self._nodes:\n            self._ask()\n\n    def _ask",
        f"{OF_PLANS}a_question_goes_on_while_others_wait",
    ),
    error(
        SCHEDULE,
        "what is computed with another not planned",
        "for member in record.together:",
        "for member in record.together[:0]:",
        f"{OF_PLANS}what_is_computed_with_a_goal_is_planned_with_it",
    ),
    error(
        SCHEDULE,
        "a group made anew for each of its members",
        "group = self.store.place((*record.together, record)[0])",
        "group = self.store.place(record)",
        f"{OF_TOGETHER}a_group_is_one_job_of_every_engine",
    ),
    error(
        SCHEDULE,
        "an error swallowed",
        "in future.result():",
        "in (() if future.exception() else future.result()):",
        f"{OF_ELSEWHERE}first_error_stops_the_rest {OF_HERE}first_error_stops_the_rest",
    ),
    error(
        SCHEDULE,
        "what another process warns of kept from the user",
        "            warnings.warn(text, category, stacklevel=2)",
        "            _ = warnings, text, category",
        f"{OF_ELSEWHERE}what_another_process_warns_of_is_said_here",
    ),
    error(
        PLAN,
        "progress told twice",
        "        progress.advance(record.cost)",
        "        progress.advance(2 * record.cost)",
        f"{OF_PLANS}work_that_is_done_adds_up_to_what_was_expected",
    ),
    error(
        PLAN,
        "the same work expected of every record",
        "sum(record.cost for wave",
        "sum(1.0 for wave",
        f"{OF_PLANS}work_that_is_done_adds_up_to_what_was_expected",
    ),
    error(
        PLAN,
        "weights loaded before prompts are checked",
        "        _prepare(ahead, sources, progress)\n        run(",
        "        run(_scheduled(questions, sources), engine, ended)\n        run(",
        f"{OF_PLANS}prompts_are_checked_before_any_weights_load",
    ),
    error(
        "harness/plugin/study.py",
        "other claims' runs left for their own turn",
        "                self._run(expected)",
        "                self._run(expected[:1])",
        "harness/tests/plugin/test_study.py::test_what_is_expected_is_run_before_the_first_verdict",
    ),
    error(
        "harness/evidence/questions.py",
        "every further set tried again, whatever its losses",
        "for c in runs if sources.in_doubt(runs[c])}",
        "for c in runs}",
        "harness/tests/runs/test_kept_weights.py::test_further_sets_are_tried_again_where_their_losses_give_cause",
    ),
    error(
        MACHINE,
        "records of one thread in this process",
        "if record.threads == 1:",
        "if record.threads == 0:",
        f"{OF_MACHINE}what_a_small_model_needs_runs_here_and_what_names_one_thread_elsewhere",
    ),
    error(
        MACHINE,
        "a GPU shared with other processes",
        "if job[0].on_gpu]",
        "if job[0].on_gpu and job[0].threads == 1]",
        f"{OF_MACHINE}several_processes_are_used_where_they_are_asked_for",
    ),
    error(
        SHARES,
        "more processes than memory holds",
        "there // (COPIES * weights * (not on_gpu) + BESIDE)",
        "there // (weights * (not on_gpu) + BESIDE)",
        f"{OF_SHARES}memory_holds_all_processes",
    ),
    error(
        SHARES,
        "all processors for each of xdist's workers",
        "found // (int(workers) if workers.isdecimal() else 1)",
        "found",
        f"{OF_SHARES}processors_are_those_of_the_container_and_shared_with_other_workers",
    ),
]
ENGINES = [
    error(
        HERE,
        "records computed and not kept",
        "store.find_or_run(record)",
        "record.compute(store)",
        f"{OF_HERE}records_run_in_their_order_here",
    ),
    error(
        HERE,
        "what runs is told when it has",
        "            self.begin(job[0].words)\n            taken[0] = Future()\n",
        "            taken[0] = Future()\n            taken[0].add_done_callback(lambda _: self.begin(job[0].words))\n",
        f"{OF_HERE}records_run_in_their_order_here",
    ),
    error(
        ELSEWHERE,
        "what a process has loaded of no use to it",
        "process.loaded is not None)",
        "process.loaded is None)",
        f"{OF_ELSEWHERE}a_process_goes_on_with_what_it_has_loaded",
    ),
    error(
        ELSEWHERE,
        "a killed process named by its pool's error",
        "            error = killed\n",
        "            _ = killed\n",
        f"{OF_ELSEWHERE}a_killed_worker_is_one_clear_error",
    ),
]
KEPT = [
    error(
        STORE,
        "the first of a group in the place of all",
        "if self.place(member) == self.place(record) else found",
        "if found is None else found",
        f"{OF_TOGETHER}all_are_kept_by_one_pass",
    ),
    error(
        STORE,
        "a group without a lock of its own",
        "self._locked(Place(self.path(kind, group), kind, group)):",
        "self._locked(Place(self.path(kind, {'n': self.place(record).name}), kind, group)):",
        f"{OF_TOGETHER}processes_that_ask_for_different_ones_compute_all_once",
    ),
    error(
        STORE,
        "what is needed on the way removed before the entry is kept",
        "lambda: record.compute(self))\n        record.clean_up(self)",
        "lambda: (record.compute(self), record.clean_up(self))[0])",
        f"{OF_RECORDS}record_is_run_once_and_cleaned_up_when_it_is_kept",
    ),
    error(
        STORE,
        "what is needed on the way never removed",
        "        record.clean_up(self)\n",
        "",
        f"{OF_RECORDS}record_is_run_once_and_cleaned_up_when_it_is_kept",
    ),
    error(
        STORE,
        "computed where it was only to be read",
        "        if (found := self.find(record)) is not None:\n            return found\n        raise",
        "        if (found := self.find_or_run(record)) is not None:\n            return found\n        raise",
        f"{OF_RECORDS}finding_and_reading_start_nothing",
    ),
    error(
        "harness/store/entries.py",
        "tensors not checked",
        "_require_checksum(TENSORS, hashlib.sha256(raw)",
        "_ = (TENSORS, hashlib.sha256(raw)",
        "harness/tests/test_store.py::test_no_flipped_bit_changes_what_is_read",
    ),
    error(
        STORE,
        "one entry for all kinds",
        "entry_key(kind=kind, **parts)",
        "entry_key(**parts)",
        "harness/tests/test_store.py::test_kind_and_format_are_part_of_the_key",
    ),
]
ERRORS = [*FORECASTS, *PLANS, *ENGINES, *KEPT]
