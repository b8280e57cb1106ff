"""``thammuu serve``: score files in and memos out over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from thammuu.cli.options import DataOption, settings
from thammuu.cli.output import console, print_json
from thammuu.i18n import _


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve", help=_("Take score files and answer questions over HTTP until stopped."))(serve)


def serve(
    ctx: typer.Context,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help=_("Another address than this machine's needs a token."))
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", min=0, max=65_535, help=_("0 takes any that is free."))
    ] = 8080,
    openapi: Annotated[
        bool, typer.Option("--openapi", help=_("Print the description of the interface (OpenAPI) and end."))
    ] = False,
    data: DataOption = None,
) -> None:
    if openapi:
        from thammuu.portal.description import description

        print_json(description())
        return
    import asyncio

    from thammuu import bootstrap, logs, tracing
    from thammuu.bus.status import Status
    from thammuu.portal import running
    from thammuu.portal.access import access_of, is_loopback
    from thammuu.portal.serving import serving_of

    logs.configure()
    chosen = settings(ctx, data)
    access = access_of(chosen)
    if not access.tokens and not is_loopback(host):
        raise typer.BadParameter(
            _("Without a token (THAMMUU_API_TOKEN, THAMMUU_API_TOKENS_FILE) only this machine may be served.")
        )
    tracing.configure("serve")
    with running.listening(host, port) as listener:
        address = _address(host, listener.getsockname()[1])
        with bootstrap.serving(chosen, address) as program:
            console(stderr=True).print(_("Serving on {address}.").format(address=address), markup=False, soft_wrap=True)
            asyncio.run(running.serve(serving_of(program, Status(chosen.stalled_after_s), access), listener))


def _address(host: str, port: int) -> str:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  said, not bound
    name = everywhere.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
