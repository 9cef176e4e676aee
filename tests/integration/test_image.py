"""What docker-compose.yml would start, started without an engine: build steps, commands, checks."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fixtures.compose import read_compose, read_env
from tests.fixtures.image import Image, Machine, build, free_port, seconds

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that other users can enter, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="koubei-image-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def image(folder: Path) -> Image:
    return build(folder)


@pytest.fixture(scope="module")
def machine(folder: Path, image: Image) -> Machine:
    """A machine with `.env` and live/ as `koubei init live --docker` of the image writes them."""
    here = folder / "machine"
    here.mkdir()
    done = subprocess.run(
        [*image.entrypoint, "init", "live", "--docker"],
        cwd=here,
        env=image.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    environment = read_env((here / ".env").read_text(encoding="utf-8"))
    services = read_compose(environment)["services"]
    machine = Machine(image, services, here)
    machine.places |= {"/etc/koubei": str(here / environment["KOUBEI_FOLDER"])}
    return machine


def test_the_image_holds_the_program_and_not_what_installed_it(image):
    told = subprocess.run(
        ["koubei", "--help"], env=image.environment, capture_output=True, text=True, check=True
    )
    assert "up" in told.stdout
    for module in ("pip", "setuptools", "wheel", "tests"):
        gone = [f"{image.home}/bin/python", "-c", f"import {module}"]
        assert subprocess.run(gone, cwd="/", capture_output=True, check=False).returncode, module


def test_parts_run_until_they_are_healthy_and_stop_in_order(machine, image, folder):
    before = image.files()
    port = str(free_port())
    machine.places |= {"8501": port}
    with ExitStack() as stack:
        parts = [stack.enter_context(machine.service(n)) for n in ("app", "scheduler", "crawler")]
        for part in parts:
            took = part.wait_until_healthy()
            print(f"{part.name}: healthy after {took:.1f} s")
        for part in parts:
            grace = seconds(machine.services[part.name]["stop_grace_period"])
            assert part.stop(grace) == 0, part.said
            assert not part.is_healthy() or part.name != "app"
    assert image.files() == before, "the root file system is read-only"
