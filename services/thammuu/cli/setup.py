"""``thammuu init`` and ``thammuu demo``."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thammuu.cli.options import DataOption, FormatOption, ListingFormat
from thammuu.cli.output import console, print_json, print_rows
from thammuu.cli.running import changing, run_pipeline
from thammuu.i18n import _, language

if TYPE_CHECKING:
    from thammuu.bootstrap import Program
    from thammuu.demo import Step

_DEMO_COLUMNS = ("unit", "rank", "worst_findings", "tasks", "possible_gain")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("demo", help=_("Publish real scores of 2018 to 2022 and write every province's memo."))(demo)
    app.command("init", help=_("Copy the shipped rules and templates into a folder, for editing."))(init)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("Made if it is not there; nothing is overwritten."))],
) -> None:
    import shutil

    from thammuu import resources
    from thammuu.appearing import appearing

    sources = {"rules": resources.rules_folder(), "templates": resources.templates_folder()}
    taken = [str(folder / name) for name in sources if (folder / name).exists()]
    if taken:
        raise typer.BadParameter(_("{taken} exists already; nothing was copied.").format(taken=", ".join(taken)))
    with ExitStack() as stack:
        # both appear when both are copied; a folder that is new appears with them
        new = not folder.exists() or not any(folder.iterdir())
        whole = stack.enter_context(appearing(folder)) if new else None
        for name, source in sources.items():
            target = whole / name if whole else stack.enter_context(appearing(folder / name))
            shutil.copytree(source, target, dirs_exist_ok=True)
    out = console()
    out.print(_("Copied to {folder}. Use the copies with:").format(folder=folder), markup=False)
    out.print(f"  export THAMMUU_RULES={(folder / 'rules').absolute()}", markup=False, soft_wrap=True)
    out.print(f"  export THAMMUU_TEMPLATES={(folder / 'templates').absolute()}", markup=False, soft_wrap=True)


def demo(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Option("--dir", metavar="DIR", help=_("Where the data and the memos go."))] = Path(
        "thammuu-demo"
    ),
    send: Annotated[
        bool, typer.Option("--send", help=_("Issue Hà Nam's memo and send it to a mail server on this machine."))
    ] = False,
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from thammuu.demo import STEPS
    from thammuu.memos.overview import round_overview
    from thammuu.memos.shelf import export_memos
    from thammuu.settings import Settings

    say = console(stderr=True)
    chosen = data or (ctx.find_root().obj or {}).get("data") or folder / "data"
    own: dict[str, Any] = {"data": chosen, "database_url": None, "blobs_url": None, "kafka_url": None}
    with changing(Settings(**own | (_for_sending(folder) if send else {}))) as program:
        for step in STEPS:
            _publish(program, step, say)
        written = []
        for round_name in ("2022", "2023"):
            written += export_memos(program.context, folder / "memos" / round_name, ["pdf"], round_name)
        mails = _sent(program, folder) if send else []
        shown = {name: round_overview(program.context, name, language()) for name in ("2022", "2023")}
    if fmt == "json":
        print_json({"rounds": shown, "memos": [str(path) for path in written], "mails": [str(path) for path in mails]})
        return
    for name, rows in shown.items():
        title = _("Round {name}: {n} memos").format(name=name, n=len(rows))
        print_rows(rows, _DEMO_COLUMNS, fmt, title)
    if fmt == "table":
        _say_next(folder, chosen, len(written))
        _say_mails(mails)


def _for_sending(folder: Path) -> dict[str, Any]:
    """Return settings of a sender that does not exist, and a key of the demonstration's own where none is set."""
    from thammuu import demo_sending
    from thammuu.settings import Settings

    told: dict[str, Any] = {"smtp_from": demo_sending.FROM, "smtp_reply_to": demo_sending.ANSWERS}
    environment = Settings()
    if environment.secret_key is None and environment.secret_key_file is None:
        told["secret_key_file"] = demo_sending.key_in(folder)
    return told


def _sent(program: Program, folder: Path) -> list[Path]:
    from thammuu import demo_sending

    return demo_sending.send(program, folder / "mail")


def _say_mails(mails: list[Path]) -> None:
    if mails:
        out = console()
        out.print(_("Sent to made-up recipients and kept by a mail server on this machine:"), style="bold")
        for path in mails:
            out.print(f"  {path}", markup=False, soft_wrap=True)


def _publish(program: Program, step: Step, say: Any) -> None:  # noqa: ANN401  a rich console
    from thammuu.intake import publishing

    outcome = publishing.publish(program.context, step.request())
    run_pipeline(program)
    state = _("published") if outcome.changed else _("there already")
    say.print(f"  {outcome.publication_id:<20} {state}", markup=False)


def _say_next(folder: Path, data: Path, written: int) -> None:
    out = console()
    out.print(_("{n} memos as PDF in {folder}.").format(n=written, folder=folder / "memos"), markup=False)
    out.print(_("Open next:"), style="bold")
    first = folder / "memos" / "2022" / "ha-nam-2022.pdf"
    # `uv run` sets UV for what it runs; there the program is not on the PATH by its own name
    own = "uv run thammuu" if os.environ.get("UV") else "thammuu"
    for line in (
        f"{first}   " + _("Hà Nam's memo of 20 June 2022: PAR INDEX, SIPAS and PAPI together"),
        f"{own} --data {data} memos show 'Hà Nam' --round 2023",
        f"{own} --data {data} findings --index papi --period 2022",
        f"{own} --data {data} events",
        f"{own} --data {data} ledger verify",
    ):
        out.print("  " + line, markup=False, soft_wrap=True)
