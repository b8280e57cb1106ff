"""``thammuu people``: who may change, approve and issue memos and act on deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from thammuu.cli.memo_options import AsOption, settings_as
from thammuu.cli.options import DataOption, FormatOption, ListingFormat, settings
from thammuu.cli.output import console, print_rows
from thammuu.cli.running import changing, reading
from thammuu.i18n import _

_COLUMNS = ("person_id", "rights", "issuers", "valid_from", "valid_to")
_DAY = ["%Y-%m-%d"]
people_app = typer.Typer(no_args_is_help=True, help=_("Who may change, approve, issue and send."))
_Person = Annotated[str, typer.Argument(metavar="PERSON", help=_("A short id, such as nguyen-a; no name is needed."))]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    people_app.command("add", help=_("Register a person, or change what one may do; the first needs all rights."))(add)
    people_app.command("list", help=_("List who may do what; nobody registered: whoever may write the data."))(list_)
    people_app.command("end", help=_("End a person's rights after today; what was done stays recorded."))(end)
    app.add_typer(people_app, name="people")


def add(
    ctx: typer.Context,
    person: _Person,
    rights: Annotated[str, typer.Option("--rights", help=_("Any of edit,approve,issue,send."))],
    issuers: Annotated[str, typer.Option("--issuers", help=_("Only in the name of these, by commas; all."))] = "",
    valid_from: Annotated[datetime | None, typer.Option("--from", formats=_DAY, help=_("First day."))] = None,
    valid_to: Annotated[datetime | None, typer.Option("--to", formats=_DAY, help=_("Last day."))] = None,
    by: AsOption = None,
    data: DataOption = None,
) -> None:
    from thammuu.memos.people import TURN
    from thammuu.memos.people import add as add_person

    with changing(settings_as(ctx, data, by)) as program, program.context.database.transaction(TURN) as connection:
        named = [one.strip() for one in issuers.split(",") if one.strip()]
        for name in named:
            program.context.packs.active.issuer(name)
        add_person(
            program.context,
            connection,
            person,
            [one.strip() for one in rights.split(",") if one.strip()],
            named,
            valid_from=valid_from.date() if valid_from else None,
            valid_to=valid_to.date() if valid_to else None,
        )
    console().print(_("{name} may {rights}.").format(name=person, rights=rights), markup=False)


def list_(ctx: typer.Context, fmt: FormatOption = ListingFormat.table, data: DataOption = None) -> None:
    from sqlalchemy import select

    from thammuu.ledger.schema import people

    with reading(settings(ctx, data)) as program, program.context.database.snapshot() as connection:
        found = connection.execute(select(people).order_by(people.c.person_id))
        rows = [dict(row._mapping) for row in found]  # noqa: SLF001  SQLAlchemy's public name
    print_rows(rows, _COLUMNS, fmt)


def end(ctx: typer.Context, person: _Person, by: AsOption = None, data: DataOption = None) -> None:
    from thammuu.clock import today
    from thammuu.memos.people import TURN
    from thammuu.memos.people import end as end_rights

    with changing(settings_as(ctx, data, by)) as program, program.context.database.transaction(TURN) as connection:
        end_rights(program.context, connection, person, today(program.context.clock))
    console().print(_("The rights of {name} end today.").format(name=person), markup=False)
