"""``kill -9`` of commands, relay and worker at every place, with the real routes on a real broker and server."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest
from kafka_real import STAGES, left, relay, settings_of
from kafka_stage import Servers, Stage, new_stage, state
from kafka_story import LEFT_OUT, NONSENSE, STEPS, Story, give, send_nonsense, undisturbed, work

from thammuu import bootstrap, failpoints, pipeline
from thammuu.ledger import log
from thammuu.ledger.named_blobs import needed
from thammuu.ledger.postgres import Limits
from thammuu.ledger.schema import events, publications

if TYPE_CHECKING:
    from collections.abc import Iterable
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path
WITHIN_S = 240.0
KILLS = 400
ROUNDS_AT_ONCE = 4
LOST_CODE = 255
"""What multiprocessing's fork server answers when it has lost how a process ended; none of ours ends so itself."""
SEED = int(os.environ.get("SEED", "20221106"))
SERVICES = {"worker": work, "relay": relay}
ROLES = {
    "publisher": ("accept.", "blob.", "ledger.", "database."),
    "issuer": ("issue.", "approval."),
    "replayer": ("replay.",),
    "withdrawer": ("withdraw.",),
    "relay": ("relay.", "database."),
    "worker": ("inbox.", "worker.", "analysis.", "memos.", "rendering.", "blob.", "ledger.", "database."),
}
WAY = [(role, name) for role, starts in ROLES.items() for name in failpoints.POINTS if name.startswith(starts)]
PUBLISH, ISSUE, HAND_BACK, CORRECT, WITHDRAW = range(len(STEPS))
REACHED = {
    "inbox.bytes-stored": (PUBLISH,),
    "analysis.": (PUBLISH, CORRECT),
    "memos.superseded": (CORRECT,),
    "memos.draft-kept": (PUBLISH, CORRECT, WITHDRAW),
    "rendering.": (PUBLISH, ISSUE, CORRECT),
    "blob.": (PUBLISH, CORRECT),
    "issue.": (ISSUE,),
    "approval.": (ISSUE,),
    "replay.": (HAND_BACK,),
    "withdraw.": (WITHDRAW,),
    "": (PUBLISH, ISSUE, CORRECT, WITHDRAW),
}
"""Under which steps a place is reached."""
Deal = list[dict[str, list[str]]]
"""Who is killed where, by step and role."""


def steps_of(place: str) -> tuple[int, ...]:
    return next(steps for start, steps in REACHED.items() if place.startswith(start))


def dealt(chance: random.Random, places: Iterable[tuple[str, str]], rounds: int) -> list[Deal]:
    """Deal places to the steps of rounds, as evenly as may be; what few steps reach comes first."""
    deals: list[Deal] = [[{role: [] for role in ROLES} for _step in STEPS] for _round in range(rounds)]
    for role, name in sorted(places, key=lambda one: (len(steps_of(one[1])), chance.random())):
        hands = [(deal, step) for deal in deals for step in steps_of(name)]
        deal, step = min(
            hands,
            key=lambda hand: (len(hand[0][hand[1]][role]), sum(len(one[role]) for one in hand[0]), chance.random()),
        )
        deal[step][role].append(name)
    return deals


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    told = undisturbed(tmp_path_factory.mktemp("embedded"))
    kinds = Counter(one[0] for one in told.left.events.values())
    expected = {"memo.issued": 2, "memo.superseded": 2, "event.rejected": 2, "event.replayed": 1}
    assert {kind: kinds[kind] for kind in expected} == expected
    assert kinds["delivery.queued"] == 2
    assert kinds["delivery.cancelled"] == 1
    assert {one[1] for one in told.left.events.values() if one[0] == "findings.retracted"} > {LEFT_OUT}
    return told


class Round:
    """One database with its topics, and the story on its way through."""

    def __init__(self, servers: Servers, folder: Path, story: Story) -> None:
        self.stage = new_stage(servers, folder, Limits(), partitions=2)
        self.story = story
        self.died: Counter[str] = Counter()
        self.past: Counter[str] = Counter()
        self._living: dict[str, ForkServerProcess] = {}

    def live(self, deal: Deal) -> None:
        """Go through the story with its kills, and see that all is as if there had been none."""
        self.story.begin(self.stage.database)
        send_nonsense(self.stage.place())
        try:
            for number in range(len(STEPS)):
                with ThreadPoolExecutor(len(SERVICES)) as threads:
                    killing = [threads.submit(self.kill, role, number, deal) for role in SERVICES]
                    self.give(number, deal[number][STEPS[number].role])
                    for done in killing:
                        done.result()
                self.stage.until(partial(self.complete, number), WITHIN_S)
            self.check()
        finally:
            self.stage.end()

    def give(self, number: int, places: list[str]) -> None:
        """Give a command, to be killed at one place after the other, and once more to its end."""
        for fail_at in [*places, ""]:
            process = self.stage.begin(give, self.stage.place(), self.story.folder, number, fail_at=fail_at)
            process.join(WITHIN_S)
            assert process.exitcode in ({-signal.SIGKILL, LOST_CODE} if fail_at else {0}), self.stage.said()
            if fail_at:
                self.died[f"{STEPS[number].role} {fail_at}"] += 1

    def kill(self, role: str, number: int, deal: Deal) -> None:
        """Begin a process again and again, to die at one place after the other, and then once more to live."""
        places = deal[number][role]
        if role in self._living and not places:
            return
        self.end(role)
        for fail_at in places:
            if self.complete(number):
                self.later(role, number, fail_at, deal)
                continue
            process = self.stage.begin(SERVICES[role], self.stage.place(), fail_at=fail_at)
            if self.survives(process, number):
                self.later(role, number, fail_at, deal)
                process.kill()
            process.join()
            assert process.exitcode in {-signal.SIGKILL, LOST_CODE}, self.stage.said()
            self.died[f"{role} {fail_at}"] += 1
        self._living[role] = self.stage.begin(SERVICES[role], self.stage.place())

    def end(self, role: str) -> None:
        """Tell the living process to stop."""
        process = self._living.pop(role, None)
        if process is not None:
            process.terminate()
            process.join(WITHIN_S)
            # it may be told before it listens
            assert process.exitcode in {0, -signal.SIGTERM}, self.stage.said()

    def survives(self, process: ForkServerProcess, number: int) -> bool:
        """Tell whether all is done before a process got to its place."""
        until = time.monotonic() + WITHIN_S
        while process.is_alive():
            if self.complete(number):
                return True
            assert time.monotonic() < until, self.stage.said()
            process.join(0.2)
        return False

    def later(self, role: str, number: int, fail_at: str, deal: Deal) -> None:
        """Put a place off to a later step that reaches it; without one it is past."""
        for step in steps_of(fail_at):
            if step > number:
                deal[step][role].append(fail_at)
                return
        self.past[f"{role} {fail_at}"] += 1

    def complete(self, number: int) -> bool:
        """Tell whether as many events are recorded as there are after a step."""
        return self.stage.count(events) >= self.story.sizes[number]

    def check(self) -> None:
        stage, expected = self.stage, self.story.left
        stage.until(lambda: stage.behind() == 0, WITHIN_S)
        for consumer in STAGES:
            types = [route.event.event_type for route in pipeline.ROUTES if route.consumer == consumer]
            stage.until(lambda consumer=consumer, types=types: stage.lag(consumer, types) == 0, WITHIN_S)  # type: ignore[misc]
        with bootstrap.sharing(settings_of(stage.place())) as program, stage.database.snapshot() as connection:
            assert log.verify(connection) == []
            found = left(program.context)
            assert found.events == expected.events
            assert found.rows == expected.rows
            assert NONSENSE in [program.context.blobs.get(name) for name in program.context.blobs.names()]
            for name in needed(connection):
                assert program.context.blobs.get(name)
        # the last one begun may be told to stop before it listens
        assert set(stage.end()) <= {0, -signal.SIGKILL, -signal.SIGTERM, LOST_CODE}
        stage.database.close()


def all_lived(rounds: list[Round], deals: list[Deal]) -> None:
    with ThreadPoolExecutor(ROUNDS_AT_ONCE) as threads:
        for done in [threads.submit(one.live, deal) for one, deal in zip(rounds, deals, strict=True)]:
            done.result()


def told(rounds: list[Round]) -> tuple[Counter[str], Counter[str]]:
    died = sum((one.died for one in rounds), Counter[str]())
    past = sum((one.past for one in rounds), Counter[str]())
    sys.stdout.write(f"{died.total()} kills in {len(rounds)} rounds; all was done before {past.total()} of them\n")
    return died, past


def test_a_kill_at_every_place_of_worker_relay_and_commands_leaves_no_trace(
    servers: Servers, tmp_path: Path, story: Story
) -> None:
    sys.stdout.write(f"seed {SEED}\n")
    chance = random.Random(SEED)  # noqa: S311  a repeatable draw, no secret
    # a publisher is killed by another test
    places = [(role, name) for role, name in WAY if role != "publisher"]
    rounds = [Round(servers, tmp_path / str(number), story) for number in range(ROUNDS_AT_ONCE)]
    all_lived(rounds, dealt(chance, places, len(rounds)))
    died, past = told(rounds)
    assert set(died) | set(past) == {f"{role} {name}" for role, name in places}
    # what was done before a process got there so late in a round gets a round of its own
    late = [tuple(place.split()) for place in sorted(past)]
    rounds = [Round(servers, tmp_path / f"late-{number}", story) for number in range(len(late))]
    all_lived(rounds, [dealt(chance, [(role, name)], 1)[0] for role, name in late])
    assert not told(rounds)[1]


@pytest.mark.long
def test_hundreds_of_kills_leave_no_trace(servers: Servers, tmp_path: Path, story: Story) -> None:
    sys.stdout.write(f"seed {SEED}\n")
    chance, done = random.Random(SEED), 0  # noqa: S311  a repeatable draw, no secret
    rounds: list[Round] = []
    while done < KILLS:
        some = [Round(servers, tmp_path / str(len(rounds) + number), story) for number in range(ROUNDS_AT_ONCE)]
        all_lived(some, [drawn(chance) for _one in some])
        rounds += some
        done = told(rounds)[0].total()
        sys.stdout.flush()


def drawn(chance: random.Random) -> Deal:
    """Draw who is killed where in one round, some of them not at the first time."""
    deal: Deal = [{role: [] for role in ROLES} for _step in STEPS]
    for role, often, most in (("worker", 6, 3), ("relay", 4, 2), *((step.role, 1, 1) for step in STEPS[1:])):
        places = [name for of, name in WAY if of == role and role != "publisher"]
        for name in chance.sample(places, min(often, len(places))):
            deal[chance.choice(steps_of(name))][role].append(f"{name}:{chance.randint(1, most)}")
    return deal


def test_a_publisher_that_is_killed_leaves_a_whole_publication_or_none(
    servers: Servers, tmp_path: Path, story: Story
) -> None:
    # nothing of an earlier round lies there: what is stored already is not stored again
    stages = {
        name: new_stage(servers, tmp_path / name, Limits(), partitions=0) for role, name in WAY if role == "publisher"
    }
    with ThreadPoolExecutor(ROUNDS_AT_ONCE) as threads:
        for done in [threads.submit(_published, stage, story, place) for place, stage in stages.items()]:
            done.result()


def _published(stage: Stage, story: Story, place: str) -> None:
    killed = stage.begin(give, stage.place(), story.folder, PUBLISH, fail_at=place)
    killed.join(WITHIN_S)
    assert killed.exitcode in {-signal.SIGKILL, LOST_CODE}, f"{place}\n{stage.said()}"
    # nobody relays here, so what was accepted is all there is
    accepted = stage.count(publications) > 0
    assert state(stage.database) == (story.first if accepted else {})
    again = stage.begin(give, stage.place(), story.folder, PUBLISH)
    again.join(WITHIN_S)
    assert again.exitcode == 0, stage.said()
    assert state(stage.database) == story.first
    with stage.database.snapshot() as connection:
        assert log.verify(connection) == []
    stage.database.close()
