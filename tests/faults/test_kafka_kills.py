"""``kill -9`` of publisher, relay and worker at every place, with the real routes on a real broker and server."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from kafka_real import STAGES, Left, left, publish, relay, settings_of, undisturbed, work
from kafka_stage import PROVINCES, Servers, State, new_stage, state

from thammuu import bootstrap, failpoints, pipeline
from thammuu.events import EventRejected
from thammuu.ledger import log
from thammuu.ledger.postgres import Limits
from thammuu.ledger.schema import events, publications

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path
WITHIN_S = 240.0
KILLS = 400
ROUNDS_AT_ONCE = 4
LOST_CODE = 255
"""What multiprocessing's fork server answers when it has lost how a process ended; none of ours ends so itself."""
SEED = int(os.environ.get("SEED", "20221106"))
ROLES = {
    "publisher": ("accept.", "blob.", "ledger.", "database."),
    "relay": ("relay.", "database."),
    "worker": ("inbox.", "worker.", "analysis.", "memos.draft", "rendering.", "blob.", "ledger.", "database."),
}
NOT_HERE = {"inbox.bytes-stored": "needs bytes that are no event"}
WAY = [(role, name) for role, starts in ROLES.items() for name in failpoints.POINTS if name.startswith(starts)]
WAY = [(role, name) for role, name in WAY if name not in NOT_HERE]


@pytest.fixture(scope="session")
def expected(scores: Path, tmp_path_factory: pytest.TempPathFactory) -> Left:
    found, _sizes = undisturbed(tmp_path_factory.mktemp("embedded"), scores)
    assert len(found.memos) == len(PROVINCES)
    assert all(memo[-1] for memo in found.memos)
    return found


class Round:
    """One database with its topics, and one publication on its way through."""

    def __init__(self, servers: Servers, folder: Path, scores: Path) -> None:
        self.stage = new_stage(servers, folder, Limits(), partitions=2)
        self.scores = scores
        self.died: Counter[str] = Counter()
        self.past: Counter[str] = Counter()
        self.events = 10**9

    def begin(self, role: str, fail_at: str = "") -> ForkServerProcess:
        place = self.stage.place()
        if role == "publisher":
            return self.stage.begin(publish, place, self.scores, fail_at=fail_at)
        return self.stage.begin({"worker": work, "relay": relay}[role], place, fail_at=fail_at)

    def accepted(self) -> bool:
        return self.stage.count(publications) == 1

    def kill_at(self, role: str, places: list[str]) -> None:
        """Start a process again and again, to die at one place after the other, and then once more to live."""
        for fail_at in places:
            process = self.begin(role, fail_at)
            while process.is_alive() and not self.complete():
                process.join(0.2)
            if process.is_alive():
                # all is done before it got there so many times
                process.kill()
                self.past[f"{role} {fail_at}"] += 1
            process.join()
            assert process.exitcode in {-signal.SIGKILL, LOST_CODE}, self.stage.said()
            self.died[f"{role} {fail_at}"] += 1
        self.begin(role)

    def complete(self) -> bool:
        """Tell whether as many events are recorded as there will be."""
        return self.stage.count(events) >= self.events


def check(one: Round, expected: Left) -> None:
    one.stage.until(one.complete, WITHIN_S)
    one.stage.until(lambda: one.stage.behind() == 0, WITHIN_S)
    for consumer in STAGES:
        types = [route.event.event_type for route in pipeline.ROUTES if route.consumer == consumer]
        one.stage.until(lambda consumer=consumer, types=types: one.stage.lag(consumer, types) == 0, WITHIN_S)  # type: ignore[misc]
    with bootstrap.sharing(settings_of(one.stage.place())) as program:
        assert left(program.context) == expected
        for _memo, _version, _status, model, pdf in expected.memos:
            assert program.context.blobs.get(model)
            assert program.context.blobs.get(pdf)
    found = state(one.stage.database)
    assert [event for event in found.values() if event[0] == EventRejected.event_type] == []
    with one.stage.database.snapshot() as connection:
        assert log.verify(connection) == []
    # the last one begun may be told to stop before it listens
    assert set(one.stage.end()) <= {0, -signal.SIGKILL, -signal.SIGTERM}
    one.stage.database.close()


def killed(one: Round, expected: Left, workers: list[str], relays: list[str]) -> None:
    """Publish, kill worker and relay at the places named, and see that all is as if nothing had happened."""
    one.events = len(expected.events)
    publisher = one.begin("publisher")
    publisher.join(WITHIN_S)
    assert publisher.exitcode == 0, one.stage.said()
    try:
        with ThreadPoolExecutor(2) as both:
            for done in [both.submit(one.kill_at, "worker", workers), both.submit(one.kill_at, "relay", relays)]:
                done.result()
        check(one, expected)
    finally:
        one.stage.end()


def all_killed(rounds: list[Round], expected: Left, deals: list[tuple[list[str], list[str]]]) -> None:
    with ThreadPoolExecutor(ROUNDS_AT_ONCE) as threads:
        for done in [threads.submit(killed, one, expected, *deal) for one, deal in zip(rounds, deals, strict=True)]:
            done.result()


def places_of(role: str) -> list[str]:
    return [name for of, name in WAY if of == role]


def dealt(names: list[str], hands: int) -> list[list[str]]:
    return [names[start::hands] for start in range(hands)]


def told(rounds: list[Round]) -> tuple[Counter[str], Counter[str]]:
    died = sum((one.died for one in rounds), Counter[str]())
    past = sum((one.past for one in rounds), Counter[str]())
    sys.stdout.write(f"{died.total()} kills in {len(rounds)} rounds; all was done before {past.total()} of them\n")
    return died, past


def test_a_kill_at_every_place_of_worker_and_relay_leaves_no_trace(
    servers: Servers, tmp_path: Path, scores: Path, expected: Left
) -> None:
    sys.stdout.write(f"seed {SEED}\n")
    chance, hands = random.Random(SEED), 4  # noqa: S311  a repeatable draw, no secret
    workers, relays = places_of("worker"), places_of("relay")
    chance.shuffle(workers)
    chance.shuffle(relays)
    rounds = [Round(servers, tmp_path / str(number), scores) for number in range(hands)]
    all_killed(rounds, expected, list(zip(dealt(workers, hands), dealt(relays, hands), strict=True)))
    died, past = told(rounds)
    assert set(died) == {f"{role} {name}" for role, name in WAY if role != "publisher"}
    # what was done before a process got there so late in a round gets a round of its own
    late = [place.split() for place in sorted(past)]
    rounds = [Round(servers, tmp_path / f"late-{number}", scores) for number in range(len(late))]
    deals = [([name] if role == "worker" else [], [name] if role == "relay" else []) for role, name in late]
    all_killed(rounds, expected, deals)
    assert not told(rounds)[1]


@pytest.mark.long
def test_hundreds_of_kills_leave_no_trace(servers: Servers, tmp_path: Path, scores: Path, expected: Left) -> None:
    sys.stdout.write(f"seed {SEED}\n")
    chance, done = random.Random(SEED), 0  # noqa: S311  a repeatable draw, no secret
    rounds: list[Round] = []
    while done < KILLS:
        some = [Round(servers, tmp_path / str(len(rounds) + number), scores) for number in range(ROUNDS_AT_ONCE)]
        draws = [
            (
                [f"{name}:{chance.randint(1, 3)}" for name in chance.sample(places_of("worker"), 5)],
                [f"{name}:{chance.randint(1, 2)}" for name in chance.sample(places_of("relay"), 3)],
            )
            for _one in some
        ]
        all_killed(some, expected, draws)
        rounds += some
        done = told(rounds)[0].total()
        sys.stdout.flush()


def test_a_publisher_that_is_killed_leaves_a_whole_publication_or_none(
    servers: Servers, tmp_path: Path, scores: Path, expected: Left
) -> None:
    first = {name: one for name, one in expected.events.items() if one[0] in {"rules.activated", "scores.published"}}
    for number, place in enumerate(places_of("publisher")):
        # nothing of an earlier round lies there: what is stored already is not stored again
        one = Round(servers, tmp_path / str(number), scores)
        killed_one = one.begin("publisher", place)
        killed_one.join(WITHIN_S)
        assert killed_one.exitcode == -signal.SIGKILL, f"{place}\n{one.stage.said()}"
        # nobody relays here, so what was accepted is all there is
        accepted = one.stage.count(publications) > 0
        assert state(one.stage.database) == (first if accepted else {})
        _published_again(one, first)


def _published_again(one: Round, first: State) -> None:
    again = one.begin("publisher")
    again.join(WITHIN_S)
    assert again.exitcode == 0, one.stage.said()
    assert state(one.stage.database) == first
    with one.stage.database.snapshot() as connection:
        assert log.verify(connection) == []
    one.stage.database.close()
