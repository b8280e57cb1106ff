"""The smallest set of criteria that reaches a rank, a group or the middle, against trying every set."""

from datetime import date
from itertools import combinations
from statistics import median
from typing import Any, NamedTuple

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from thammuu.analysis.facts import compute_facts
from thammuu.analysis.inputs import SCORES_SCHEMA, IndexPeriod
from thammuu.analysis.peer_groups import BUILT_IN
from thammuu.memos.facts_board import FactsBoard
from thammuu.memos.sections.bands import percentile_mark
from thammuu.memos.sections.gain import shortest_path
from thammuu.memos.sections.paths import Peer, smallest_set, smallest_set_to_group
from thammuu.memos.view import PublicationView
from thammuu.period import Period
from thammuu.rulepack.framework_tree import Band, Framework, Node
from thammuu.rulepack.text import Text

NAME = Text(vi="tên")
QUARTILES = tuple(Band(Text(vi=name), start) for name, start in (("a", 75), ("b", 50), ("c", 25), ("d", 0)))
SCORE = st.one_of(st.sampled_from([0.0, 2.5, 5.0, 10.0]), st.integers(0, 1000).map(lambda n: n / 100))
TABLE = st.integers(1, 5).flatmap(
    lambda criteria: st.lists(st.lists(SCORE, min_size=criteria, max_size=criteria), min_size=6, max_size=9)
)
Table = list[list[float]]
RAISED: dict[Peer, Any] = {"peer_median": median, "peer_max": max}


def view_of(table: Table, *, reduced: bool = False) -> PublicationView:
    """The first unit's view of a table of scores, a row a unit; reduced, the first criterion does not apply to it."""
    codes = [str(at) for at in range(1, len(table[0]) + 1)]
    root = Node("total", "total", "total", None, NAME, min=0.0, max=10.0 * len(codes))
    leaves = [Node(code, f"c{code}", "criterion", "total", NAME, min=0.0, max=10.0) for code in codes]
    tree = Framework(
        id="made-up", index="made-up", title=NAME, short_title=NAME, publisher=NAME, nodes=(root, *leaves),
        first_period=None, last_period=None, label=None, level_names={}, unit_level="province", bands=QUARTILES,
        band_method="quartile", officially_ranked=True, partial_total_allowed=False, sources=(), hash="",
    )  # fmt: skip
    names = [f"u{at:02}" for at in range(len(table))]
    rows: list[tuple[str, str, float | None, None, str]] = [
        (u, c, s, None, "ok")
        for u, scores in zip(names, table, strict=True)
        for c, s in zip(codes, scores, strict=True)
    ]
    rows = [(*rows[0][:2], None, None, "not-applicable"), *rows[1:]] if reduced else rows
    scores = pl.DataFrame(rows, schema=["unit_id", "code", "score", "published_rank", "status"], orient="row")
    units = pl.DataFrame(
        {"unit_id": names, "unit_code": names, "unit_name": names, "unit_level": ["province"] * len(names),
         "region": [None] * len(names)},
        schema_overrides={"region": pl.String},
    )  # fmt: skip
    columns = scores.select(pl.col(name).cast(kind) for name, kind in SCORES_SCHEMA.items())
    published = IndexPeriod("p", tree, Period("2022"), complete=True, scores=columns, units=units)
    facts = compute_facts(published, [], BUILT_IN["national"])
    board = FactsBoard.of(facts, "total", full=root.max, complete=True, aggregates={}, silenced={})
    return PublicationView(
        framework=tree,
        unit_id="u00",
        publication_id="p",
        period="2022",
        revision=1,
        complete=True,
        published_on=date(2022, 1, 1),
        facts=board.rows("u00"),
        findings=(),
        totals=board.totals,
        unscored=board.unscored,
    )


def raised(table: Table, chosen: tuple[int, ...], to: Peer) -> float:
    """The first unit's total with some criteria raised to their peers."""
    own = list(table[0])
    for at in chosen:
        own[at] = max(own[at], RAISED[to]([row[at] for row in table[1:]]))
    return sum(own)


def place(total: float, table: Table) -> int:
    return 1 + sum(round(sum(row), 9) > round(total, 9) for row in table[1:])


def every_set(table: Table) -> list[tuple[int, ...]]:
    """Every set of criteria, the smallest first."""
    width = range(len(table[0]))
    return [chosen for size in range(len(table[0]) + 1) for chosen in combinations(width, size)]


class Groups(NamedTuple):
    """From which percentile the unit's group begins, and the totals from which all groups do."""

    start: float
    marks: tuple[float, ...]


def groups_reached(table: Table, chosen: tuple[int, ...]) -> Groups:
    total = raised(table, chosen, "peer_median")
    totals = sorted(round(one, 9) for one in (total, *(sum(row) for row in table[1:])))
    marks = {start: percentile_mark(totals, start / 100, 0) for start in (75, 50, 25, 0)}
    return Groups(max(start for start, mark in marks.items() if round(total, 9) >= mark), tuple(marks.values()))


@pytest.mark.parametrize("to", ["peer_median", "peer_max"])
@given(table=TABLE, target=st.integers(1, 9))
@example(table=[[5.0]] * 6, target=1)
@example(table=[[0.0, 0.0]] + [[5.0, 5.0]] * 5, target=1)
def test_no_smaller_set_reaches_a_rank_than_the_one_given(to: Peer, table: Table, target: int) -> None:
    path = smallest_set(view_of(table), target, to=to)
    best = place(raised(table, tuple(range(len(table[0]))), to), table)
    goal = max(target, best)
    enough = next(chosen for chosen in every_set(table) if place(raised(table, chosen, to), table) <= goal)
    assert path.reached == (best <= target)
    assert len(path.steps) == len(enough)
    assert path.rank_now == place(sum(table[0]), table)
    taken = tuple(int(step.code) - 1 for step in path.steps)
    assert path.total_then == pytest.approx(raised(table, taken, to), abs=1e-9)
    assert path.rank_then == place(raised(table, taken, to), table)
    assert path.rank_then is not None
    assert path.rank_then <= goal


@given(table=TABLE)
def test_no_smaller_set_reaches_the_next_group_than_the_one_given(table: Table) -> None:
    own = groups_reached(table, ())
    sizes = [len(chosen) for chosen in every_set(table) if groups_reached(table, chosen).start > own.start]
    found = smallest_set_to_group(view_of(table))
    assert (len(found[1].steps) if found else None) == min(sizes, default=None)


@given(table=TABLE)
@example(table=[[0.0, 0.0]] + [[5.0, 5.0]] * 5)
def test_no_smaller_set_of_any_criteria_reaches_the_middle_than_the_one_given(table: Table) -> None:
    middle = round(median(sum(row) for row in table), 9)
    every = every_set(table)
    enough = [chosen for chosen in every if round(raised(table, chosen, "peer_median"), 9) >= middle]
    path = shortest_path(view_of(table))
    if enough[:1] == [()]:
        assert path is None
        return
    gaining = [at for at in range(len(table[0])) if raised(table, (at,), "peer_median") > sum(table[0])]
    assert len(path.steps if path else ()) == (len(enough[0]) if enough else len(gaining))
    assert path is None or path.reached == bool(enough)


@given(table=TABLE.filter(lambda table: len(table[0]) > 1))
@example(table=[[0.0, 9.0]] + [[5.0, 5.0]] * 5)
def test_a_unit_that_a_criterion_does_not_apply_to_is_ranked_as_the_facts_rank_it(table: Table) -> None:
    view = view_of(table, reduced=True)
    path = smallest_set(view, 1)
    row = view.total_row
    assert (path.rank_now, path.n) == (row["total_rank"], row["total_n"])
    assert path.total_now == row["total"]
    shares = [sum(scores) / len(scores) for scores in (table[0][1:], *table[1:])]
    assert path.rank_now == 1 + sum(round(share, 9) > round(shares[0], 9) for share in shares)
