"""The architecture on one screen: who does what on which event.

scores.published ─► analysis ─► findings.raised ─► memos ─► memo.drafted ─► rendering ─► memo.rendered
scores.withdrawn ──────────────────────────────► memos ─► memo.drafted | memo.superseded
"""

import thammuu.analysis.handlers as analysis
import thammuu.memos.handlers as memos
from thammuu.bus.routes import Route
from thammuu.events import FindingsRaised, MemoDrafted, ScoresPublished, ScoresWithdrawn

ROUTES = (
    Route("analysis", ScoresPublished, analysis.raise_findings, prepare=analysis.analyse),
    Route("memos", FindingsRaised, memos.draft, prepare=memos.compose),
    Route("memos", ScoresWithdrawn, memos.redraft, prepare=memos.recompose),
    Route("rendering", MemoDrafted, memos.keep_pdf, prepare=memos.render_pdf),
)
