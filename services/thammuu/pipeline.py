"""The architecture on one screen: who does what on which event.

scores.published ─► analysis ─► findings.raised ─► memos ─► memo.drafted ─► rendering ─► memo.rendered
scores.withdrawn ─► analysis ─► findings.retracted ─► memos ─► memo.drafted | memo.superseded
memo.issued ─► rendering ─► memo.rendered
memo.issued, memo.signed ─► delivery ─► delivery.queued, delivery.unaddressed
memo.superseded ─► delivery ─► delivery.cancelled, delivery.queued

From Kafka, besides: thammuu.scores.submitted ─► submissions ─► scores.published, submission.answered
"""

import thammuu.analysis.handlers as analysis
import thammuu.delivery.handlers as delivery
import thammuu.memos.handlers as memos
from thammuu.bus.routes import Route
from thammuu.bus.topics import SUBMISSIONS
from thammuu.events import (
    FindingsRaised,
    FindingsRetracted,
    MemoDrafted,
    MemoIssued,
    MemoSigned,
    MemoSuperseded,
    ScoresPublished,
    ScoresWithdrawn,
)

ROUTES = (
    Route("analysis", ScoresPublished, analysis.raise_findings, prepare=analysis.analyse),
    Route("analysis", ScoresWithdrawn, analysis.retract_findings),
    Route("memos", FindingsRaised, memos.draft, prepare=memos.compose),
    Route("memos", FindingsRetracted, memos.redraft, prepare=memos.recompose),
    Route("rendering", MemoDrafted, memos.keep_pdf, prepare=memos.render_pdf, side_by_side=True),
    Route("rendering", MemoIssued, memos.keep_pdf, prepare=memos.render_pdf, side_by_side=True),
    # a round is issued at once
    Route("delivery", MemoIssued, delivery.queue_issued, prepare=delivery.plan_issued, quick=True),
    Route("delivery", MemoSigned, delivery.queue_issued, prepare=delivery.plan_issued),
    Route("delivery", MemoSuperseded, delivery.follow_superseded),
)


def stages() -> list[str]:
    """Return what a worker can be told to do, in the order of the flow."""
    return [SUBMISSIONS, *dict.fromkeys(route.consumer for route in ROUTES)]
