"""A process that has loaded the program once and forks a child for every command, so that a kill costs little.

Reads a JSON object a line (``arguments``, ``environment``, ``out``, ``err``, ``refuse``, ``shim``) and answers each
with the child's wait status. The child runs the very ``main`` of the command line; only the rule pack and the
templates, which no command changes, are the ones read before. Run it as ``python tests/faults/warm.py``.
"""

import ctypes
import importlib
import json
import os
import pkgutil
import sys
from dataclasses import replace
from typing import Any

_LATE = ("_strptime", "fontTools.ttLib", "segno", "segno.writers", "sqlalchemy.dialects.sqlite", "rich._emoji_codes")
_LIBRARIES = ("typst", "polars", "alembic.command", "sqlglot", "rapidfuzz", "rfc8785", *_LATE)
_LEFT_OUT = ("thammuu.__main__", "thammuu.bus.kafka", "thammuu.ledger.migrations", "thammuu.ledger.postgres")


def load() -> None:
    """Import everything, and read the rules and templates."""
    import thammuu

    for found in pkgutil.walk_packages(thammuu.__path__, "thammuu."):
        if not found.name.startswith(_LEFT_OUT):
            importlib.import_module(found.name)
    for name in _LIBRARIES:
        importlib.import_module(name)
    from thammuu import bootstrap, resources
    from thammuu.memos.printing.render import Renderer
    from thammuu.rulepack.pack import RulePack
    from thammuu.settings import Settings

    pack, renderer = RulePack(resources.rules_folder()), Renderer(resources.templates_folder())
    for part in ("frameworks", "units", "rules", "actions", "agencies", "archive", "hash"):
        getattr(pack, part)
    pack.issuer(Settings.model_fields["issuer"].default)
    renderer.check()
    bootstrap.RulePack = lambda _folder: pack  # type: ignore[assignment,misc]
    bootstrap.Renderer = lambda _folder: renderer  # type: ignore[assignment,misc]


def child(request: dict[str, Any]) -> int:
    """Run one command in this process, which is a fork."""
    from thammuu import failpoints, pipeline
    from thammuu.cli.main import main
    from thammuu.errors import PermanentRefusalError

    def refuse(*_: object) -> Any:  # noqa: ANN401  stands for any handler
        raise PermanentRefusalError("broken for a test")

    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), number)
    os.environ.update(request.get("environment", {}))
    failpoints.tell(failpoints.armed(os.environ))
    if request.get("refuse"):
        pipeline.ROUTES = tuple(replace(route, handler=refuse) for route in pipeline.ROUTES)
    sabotage(request.get("sabotage", ""))
    if "shim" in request:
        ctypes.CDLL(None).shim_start(*(str(part).encode() for part in request["shim"]))
    code = main(request["arguments"])
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def sabotage(what: str) -> None:
    """Make the program careless, so that a test can see that it would be found out."""
    import sqlite3

    from thammuu import appearing
    from thammuu.ledger import blobs

    if what == "no sync of the database":
        connect = sqlite3.connect

        class Careless(sqlite3.Connection):
            def execute(self, sql: str, *rest: Any) -> sqlite3.Cursor:  # noqa: ANN401
                return super().execute(sql.replace("synchronous=FULL", "synchronous=OFF"), *rest)

        sqlite3.connect = lambda *given, **named: connect(*given, **named, factory=Careless)  # type: ignore[assignment]
    elif what == "no sync of folders":
        appearing.sync = blobs.sync = lambda _folder: None
    elif what == "no sync of stored files":
        os.fsync = lambda _handle: None


def serve() -> None:
    """Answer requests until the input ends."""
    load()
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            code = 70
            try:
                code = child(json.loads(line))
            finally:
                os._exit(code)
        _process, status = os.waitpid(process, 0)
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
