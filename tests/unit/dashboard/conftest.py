"""A furnished house, and its pages as a person sees them (without a browser)."""

from collections.abc import Iterator

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from dashboard import data, streamlit_settings
from dashboard.services import offer
from runtime.wiring import Services
from tests.dashboard_house import furnished_house, house

WITHIN = 60


@pytest.fixture(scope="package", autouse=True)
def _packages_are_searched_once() -> Iterator[None]:
    """Each AppTest would look through all installed packages for components of Streamlit, which
    takes as long as the rest of it.
    """
    found = manifest_scanner.scan_component_manifests()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", lambda: list(found))
        yield


@pytest.fixture(scope="package")
def furnished(tmp_path_factory) -> Iterator[Services]:
    """A house in which something burns."""
    with furnished_house(tmp_path_factory.mktemp("house")) as services:
        yield services


@pytest.fixture
def own_house(tmp_path) -> Iterator[Services]:
    """A furnished house of one's own, in which things may be changed."""
    with furnished_house(tmp_path) as services:
        yield services


@pytest.fixture(scope="package")
def bare(tmp_path_factory) -> Iterator[Services]:
    """A house in which nothing was set up."""
    with house(tmp_path_factory.mktemp("bare"), filled=False) as services:
        yield services


@pytest.fixture
def visit():
    """Return a function that opens a page as an account of the house and runs it."""

    def go(services: Services, place: str = "", /, login: str = "lin", **address: str) -> AppTest:
        def identify(_cookies):
            with services.begin_reading() as work:
                return work.accounts.by_login(login)

        offer(services, identify)
        data.forget()
        seen = AppTest.from_file(str(streamlit_settings.SCRIPT), default_timeout=WITHIN)
        for name, value in address.items():
            seen.query_params[name] = value
        seen.run()
        if place:
            seen.switch_page(f"app_pages/{place}.py")
            for name, value in address.items():
                seen.query_params[name] = value
            seen.run()
        return seen

    yield go
    st.cache_resource.clear()


def words_of(seen: AppTest) -> str:
    """Return everything that our HTML on a page says, with its markup."""
    return "\n".join(str(part.proto.body) for part in seen.get("html"))
