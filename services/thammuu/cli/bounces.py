"""``thammuu deliveries bounces``: mail that comes back, from a pipe or a mailbox."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thammuu.cli.options import DataOption, FormatOption, ListingFormat, settings
from thammuu.cli.output import print_rows
from thammuu.cli.running import changing
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from thammuu.bus.context import Context
    from thammuu.delivery.returning import Returning
    from thammuu.settings import Settings

_GROUP = "deliveries"
_COLUMNS = ("kind", "delivery", "state", "recorded", "reason")


def register(app: typer.Typer) -> None:
    """Add the command to the group of deliveries, which is made if no other command has made it."""
    group = next((one.typer_instance for one in app.registered_groups if one.name == _GROUP), None)
    if group is None:
        group = typer.Typer(no_args_is_help=True, help=_("What was sent to whom, and what became of it."))
        app.add_typer(group, name=_GROUP)
    group.command("bounces", help=_("Read mail that came back or answers, and record what it tells of deliveries."))(
        bounces
    )


def bounces(
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help=_("Mails; one from standard input if none is named."), show_default=False),
    ] = None,
    imap: Annotated[bool, typer.Option("--imap", help=_("Read the new mails of the mailbox instead."))] = False,
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from thammuu.delivery.mail import domain_of
    from thammuu.delivery.returning import returning_of
    from thammuu.errors import BadInputError, EnvironmentFaultError

    chosen = settings(ctx, data)
    if not chosen.smtp_from:
        raise BadInputError(_("THAMMUU_SMTP_FROM is not set: its domain tells which mails are ours."))
    domain, rows = domain_of(chosen.smtp_from), list[dict[str, Any]]()
    try:
        returning = returning_of(chosen)
        with changing(chosen) as program:
            context = program.context
            _read(chosen, files, lambda raw: rows.append(_recorded(context, raw, domain, returning)), imap=imap)
    except EnvironmentFaultError as error:
        if files or imap:
            raise
        # a mail server that pipes a mail to us keeps it and tries again
        typer.echo(str(error), err=True)
        raise typer.Exit(os.EX_TEMPFAIL) from error
    print_rows(rows, _COLUMNS, fmt, _("{n} mails").format(n=len(rows)))


def _read(chosen: Settings, files: Sequence[Path] | None, record: Callable[[bytes], None], *, imap: bool) -> None:
    from thammuu.delivery.bounces import LARGEST

    if imap:
        from thammuu.delivery.mailbox import read_new

        read_new(chosen, record)
        return
    for path in files or ():
        with path.open("rb") as mail:
            record(mail.read(LARGEST))
    if not files:
        record(sys.stdin.buffer.read(LARGEST))
        while sys.stdin.buffer.read(LARGEST):
            pass  # who writes into a pipe wants it read to the end


def _recorded(context: Context, raw: bytes, domain: str, returning: Returning | None) -> dict[str, Any]:
    from thammuu.delivery.bounces import notice_in

    notice = notice_in(raw, domain, returning)
    recorded = False
    if notice.state is not None:
        from thammuu.delivery.deliveries import news  # type: ignore[import-untyped,unused-ignore]

        answered = notice.kind == "answer"
        recorded = bool(news(context, notice.delivery_id, notice.state, notice.reason, answered=answered))
    return {
        "kind": notice.kind,
        "delivery": notice.delivery_id,
        "state": notice.state,
        "recorded": recorded,
        "reason": notice.reason,
    }
