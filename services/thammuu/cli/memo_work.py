"""``thammuu memos why|diff|summary``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thammuu.cli.options import DataOption, FormatOption, ListingFormat, settings
from thammuu.cli.output import console, print_json, print_rows
from thammuu.cli.running import reading
from thammuu.i18n import _

if TYPE_CHECKING:
    from thammuu.bootstrap import Program
    from thammuu.memos.comparing import ChangeKind
    from thammuu.memos.why import Line, Reason

_Round = Annotated[str | None, typer.Option("--round", metavar="ROUND", help=_("The round; the newest if not given."))]
_Unit = Annotated[str, typer.Argument(metavar="UNIT", help=_("Name, code, memo id, or MEMO@VERSION."))]


def register(memos_app: typer.Typer) -> None:
    """Add the commands."""
    memos_app.command("why", help=_("Say what each line of a memo rests on, down to scores, rules and files."))(why)
    memos_app.command("diff", help=_("Say what differs between two memos or two versions of one."))(diff)
    memos_app.command("summary", help=_("Print the publisher's own report on a round."))(summary)


def why(
    ctx: typer.Context,
    unit: _Unit,
    line: Annotated[
        int | None, typer.Argument(metavar="LINE", help=_("A line's number; without it, all lines."))
    ] = None,
    round_name: _Round = None,
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from thammuu.memos.versions import model_at
    from thammuu.memos.why import line_at, lines_of

    with reading(settings(ctx, data)) as program:
        model = model_at(program.context, unit, round_name)
        if line is None:
            rows = [
                {"line": n.number, "place": n.place, "text": n.text, "rests_on": len(n.because)}
                for n in lines_of(model)
            ]
            print_rows(rows, ("line", "place", "text", "rests_on"), fmt)
            return
        asked = line_at(model, line)
        reasons = _followed(program, model, asked)
    if fmt == "table":
        _say(asked, reasons)
        return
    rows = [{"reference": one.reference, **one.told} for one in reasons]
    print_json({"line": asked.number, "text": asked.text, "because": rows})


def _followed(program: Program, model: Any, line: Line) -> list[Reason]:  # noqa: ANN401  a memo model
    from thammuu.memos.why import Trail

    with program.context.database.snapshot() as connection:
        trail = Trail(program.context, connection, model)
        return [trail.follow(one) for one in line.because]


def _say(line: Line, reasons: list[Reason]) -> None:
    out = console()
    out.print(f"{line.number}. {line.text}", markup=False, soft_wrap=True)
    for one in reasons:
        out.print(f"  ← {one.reference}", markup=False, style="bold", soft_wrap=True)
        for name, value in one.told.items():
            if value not in (None, "", [], {}):
                out.print(f"      {name}: {_plain(value)}", markup=False, soft_wrap=True)


def _plain(value: Any) -> str:  # noqa: ANN401  a fact
    if isinstance(value, dict):
        return ", ".join(f"{name} {inner}" for name, inner in value.items() if inner is not None)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def diff(
    ctx: typer.Context,
    old: Annotated[str, typer.Argument(metavar="A", help=_("A memo id, or MEMO@VERSION."))],
    new: Annotated[str, typer.Argument(metavar="B", help=_("The same."))],
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from thammuu.memos.comparing import compare
    from thammuu.memos.versions import model_at

    with reading(settings(ctx, data)) as program:
        changes = compare(model_at(program.context, old), model_at(program.context, new))
    kinds = _kinds() if fmt == "table" else {}  # programs read the stable names
    rows = [
        {"what": kinds.get(one.kind, one.kind), "where": one.where, "before": one.before, "after": one.after}
        for one in changes
    ]
    if fmt == "table" and not rows:
        console().print(_("The two say the same."))
        return
    print_rows(rows, ("what", "where", "before", "after"), fmt)


def _kinds() -> dict[ChangeKind, str]:
    """Return what kinds of changes are called, in the person's language."""
    return {
        "unit": _("another unit"),
        "standing-added": _("result added"),
        "standing-dropped": _("result dropped"),
        "standing": _("result changed"),
        "score": _("score changed"),
        "finding-added": _("finding added"),
        "finding-dropped": _("finding dropped"),
        "finding": _("remark changed"),
        "task-added": _("task added"),
        "task-dropped": _("task dropped"),
        "task-lead": _("lead agency changed"),
        "task-deadline": _("deadline changed"),
        "task": _("task changed"),
    }


def summary(
    ctx: typer.Context,
    round_name: Annotated[str, typer.Argument(metavar="ROUND", help=_("The round, usually a year."))],
    fmt: Annotated[str, typer.Option("--format", help=_("text, html, json, pdf or docx."))] = "text",
    language: Annotated[str, typer.Option("--language", help=_("vi or en."))] = "vi",
    data: DataOption = None,
) -> None:
    from thammuu.memos.summary import summary_of

    with reading(settings(ctx, data)) as program:
        content = summary_of(program.context, round_name, fmt, language)
    sys.stdout.buffer.write(content if fmt in ("pdf", "docx") or content.endswith(b"\n") else content + b"\n")
