import pytest
from papi_years import PapiYears


@pytest.fixture(scope="module")
def papi() -> PapiYears:
    return PapiYears()
