"""The demonstration: real published scores of 2018 to 2022, two rounds of memos."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from thammuu.intake.publishing import Request
from thammuu.resources import examples_folder


@dataclass(frozen=True, slots=True)
class Step:
    """One publication of the demonstration."""

    file: str
    index: str
    period: str
    published_on: date
    history: bool = False
    partial: bool = False

    def request(self) -> Request:
        """Return the request to publish it."""
        return Request(
            file=examples_folder() / self.file,
            index=self.index,
            period=self.period,
            published_on=self.published_on,
            history=self.history,
            partial=self.partial or None,
        )


# Round 2022 is dated by the Hà Nam meeting of 20 June 2022, which read its three indices together; the sources at hand
# do not give the days on which the indices of 2021 and before were published. History takes the next year's last day.
MEETING = date(2022, 6, 20)
STEPS = (
    *(
        Step(f"papi/papi-{year}.csv", "papi", str(year), date(year + 1, 12, 31), history=True)
        for year in (2018, 2019, 2020)
    ),
    Step("par-index/par-index-2020.csv", "par-index", "2020", date(2021, 12, 31), history=True, partial=True),
    Step("sipas/sipas-2020.csv", "sipas", "2020", date(2021, 12, 31), history=True, partial=True),
    Step("papi/papi-2021.csv", "papi", "2021", MEETING),
    Step("par-index/par-index-2021.csv", "par-index", "2021", MEETING, partial=True),
    Step("sipas/sipas-2021.csv", "sipas", "2021", MEETING, partial=True),
    Step("papi/papi-2022.csv", "papi", "2022", date(2023, 4, 12)),
)
