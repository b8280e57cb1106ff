"""How an issuing body's memos become documents: who approves, whether they are issued by themselves, when sent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from thammuu.delivery.durations import Duration
from thammuu.i18n import _
from thammuu.rulepack.yaml_positions import nearest, read_yaml, refuse, validate

if TYPE_CHECKING:
    from thammuu.bus.context import Context
    from thammuu.rulepack.pack import RulePack

FILE = "policy.yaml"


class Policy(BaseModel):
    """What holds for one issuing body.

    Args:
        approval: ``required``: somebody with the right; ``second-person``: and somebody else issues; ``automatic``.
        issue_after: With ``automatic``: for how long a draft must not have changed before it is issued, in seconds.
        send: Whether a memo goes out once it is ``issued`` or once its ``signed`` copy is there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    approval: Literal["required", "second-person", "automatic"] = "required"
    issue_after: Duration | None = None
    send: Literal["issued", "signed"] = "issued"


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    default: Policy
    issuers: dict[str, Policy] = {}


def policy_of(context: Context, issuer: str) -> Policy:
    """Return what holds for an issuing body, as the file is saved now.

    Args:
        context: The program's parts.
        issuer: A file name of ``rules/issuers``.

    Raises:
        BadInputError: With all problems of the file.
    """
    pack = context.packs.active
    try:
        saved = os.stat(f"{pack.folder}/delivery/{FILE}").st_mtime_ns  # noqa: PTH116  asked for every memo
    except FileNotFoundError:
        return Policy()
    file: _File = context.cache.get_or_make(("policy", saved), lambda: _load(pack))
    return file.issuers.get(issuer, file.default)


def _load(pack: RulePack) -> _File:
    document = read_yaml(pack.folder / "delivery" / FILE)
    file, problems = validate(document, _File)
    known = sorted(path.stem for path in (pack.folder / "issuers").glob("*.yaml"))
    for name, policy in () if file is None else (("", file.default), *file.issuers.items()):
        way = ("issuers", name) if name else ("default",)
        if name and name not in known:
            near = ", ".join(nearest(name, known)) or "–"
            problems.append(
                document.problem("policy-issuer", _("a known name; nearest: {near}").format(near=near), way, value=name)
            )
        if policy.issue_after is not None and policy.approval != "automatic":
            expected = _("issue_after only with approval: automatic")
            problems.append(document.problem("policy-issue-after", expected, (*way, "issue_after")))
    refuse(problems, lambda: _("{file} does not say how memos are issued.").format(file=FILE))
    assert file is not None
    return file
