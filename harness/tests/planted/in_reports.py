"""Errors planted in what is read of reports, where they are written, and what they show of others' texts."""

from harness.tests.planted.planted import Planted

TARGETS, OF_TARGETS = "harness/targets.py", "harness/tests/test_targets.py::test_"
JSON_FORM, OF_JSON_FORM = "harness/report/json_form.py", "harness/tests/report/test_json_form.py::test_"
PAGE, OF_PAGE = "harness/report/page.py", "harness/tests/report/test_page.py::test_"
GATHERING, OF_GATHERING = "harness/plugin/gathering.py", "harness/tests/plugin/test_gathering.py::test_"
REPORTS = "reports"

ERRORS = [
    Planted(
        "a link replaced by the file that is written",
        REPORTS,
        TARGETS,
        "if not place.is_symlink():",
        "if True:",
        f"{OF_TARGETS}links_are_followed_and_kept",
    ),
    Planted(
        "a FIFO or a socket replaced by a file",
        REPORTS,
        TARGETS,
        'not in {"nothing", "a file"}:',
        'in {"a folder", "a link to nothing"}:',
        f"{OF_TARGETS}what_is_no_file_is_refused_and_left",
    ),
    Planted(
        "a device known by what it is alone, not by where it is",
        REPORTS,
        TARGETS,
        "if above & _SYSTEM and _SHARED_MEMORY not in above:",
        "if False:",
        f"{OF_TARGETS}places_of_devices_are_refused_by_their_name",
    ),
    Planted(
        "a number of any size read from a report",
        REPORTS,
        JSON_FORM,
        "if isinstance(value, int) and not -LARGEST < value < LARGEST:",
        "if False:",
        f"{OF_JSON_FORM}whole_number_without_end_is_refused_by_its_place",
    ),
    Planted(
        "facts of a report read as they are",
        REPORTS,
        JSON_FORM,
        "        return _read_facts(value, where)\n    return {key: _read(",
        "        return value\n    return {key: _read(",
        f"{OF_JSON_FORM}whole_number_without_end_is_refused_by_its_place",
    ),
    Planted(
        "control characters raw in a report's JSON",
        REPORTS,
        JSON_FORM,
        "return UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], text)",
        "return text",
        f"{OF_JSON_FORM}what_would_steer_a_terminal_stands_as_an_escape",
    ),
    Planted(
        "control characters raw on the page",
        REPORTS,
        PAGE,
        "return shown(value) if isinstance(value, str)",
        "return str(value) if isinstance(value, str)",
        f"{OF_PAGE}no_text_of_the_data_steers_what_shows_it",
    ),
    Planted(
        "a run without its report ends as if it had one",
        REPORTS,
        GATHERING,
        "            failed = True\n",
        "            failed = bool(self.missing)\n",
        f"{OF_GATHERING}run_that_cannot_write_its_report_says_what_it_found_and_fails",
    ),
    Planted(
        "tests that are to be run again counted as judged",
        REPORTS,
        GATHERING,
        'if not ((report.when == "call" and report.passed) or report.failed):',
        'if not (report.when == "call" or report.failed):',
        f"{OF_GATHERING}tests_that_are_to_be_run_again_are_no_verdicts",
    ),
    Planted(
        "reruns named as what passed",
        REPORTS,
        "harness/plugin/plugin.py",
        'if report.outcome not in {"passed", "failed"}:',
        'if report.outcome == "skipped":',
        f"{OF_GATHERING}tests_that_are_to_be_run_again_are_no_verdicts",
    ),
]
