"""What docker-compose.yml would start, started without an engine: build steps, commands, checks."""

import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fixtures.compose import ROOT, read_compose, read_env
from tests.fixtures.compose_elasticsearch import ComposeServer, compose_server
from tests.fixtures.elasticsearch import User
from tests.fixtures.image import Image, Machine, build, free_port, seconds

pytestmark = [
    pytest.mark.integration,
    pytest.mark.elasticsearch,
    pytest.mark.timeout(1200),
]
PARTS = ("app", "scheduler", "crawler")


@dataclass(frozen=True)
class Project:
    """The folder of the compose file, the machine it describes, and its Elasticsearch."""

    environment: Mapping[str, str]
    document: Mapping[str, Any]
    machine: Machine
    cluster: ComposeServer

    def user(self, name: str, password: str) -> User:
        """Return a user of the cluster with the password of a variable."""
        return User(name, self.environment[password])


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
def project(folder: Path, image: Image) -> Iterator[Project]:
    """`.env` and live/ by the image's own `koubei init live --docker`, then the first services."""
    here = folder / "project"
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
    document = read_compose(environment)
    machine = Machine(image, document["services"], here)
    machine.places["/etc/koubei"] = str(here / environment["KOUBEI_FOLDER"])
    machine.places["8501"] = str(free_port())
    made = machine.run("certificates")
    assert made.returncode == 0, made.stderr
    with compose_server(document, here / "koubei-tls") as cluster:
        machine.places["https://elasticsearch:9200"] = cluster.url
        prepared = machine.run("prepare")
        assert prepared.returncode == 0, prepared.stdout + prepared.stderr
        yield Project(environment, document, machine, cluster)


def test_the_image_holds_the_program_and_not_what_installed_it(image):
    told = subprocess.run(
        [*image.entrypoint, "--help"],
        env=image.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "doctor" in told.stdout
    for module in ("pip", "setuptools", "wheel", "tests"):
        gone = [f"{image.home}/bin/python", "-c", f"import {module}"]
        assert subprocess.run(gone, cwd="/", capture_output=True, check=False).returncode, module


def test_the_cluster_starts_with_the_file_s_settings_and_passes_its_health_check(project):
    check = project.cluster.health_check()
    assert (check.returncode, check.stderr) == (0, "")
    wrong = project.cluster.health_check(password="wrong")
    assert wrong.returncode != 0
    settings = project.document["services"]["elasticsearch"]["environment"]
    name = next(iter(project.cluster.request("GET", "/_nodes/_local").json()["nodes"].values()))
    assert name["name"] == settings["node.name"]


@pytest.mark.parametrize(
    ("name", "password", "reads", "writes", "manages"),
    [
        ("koubei", "KOUBEI_STORE_PASSWORD", True, True, False),
        ("koubei_reader", "KOUBEI_READER_PASSWORD", True, False, False),
        ("koubei_admin", "KOUBEI_ADMIN_PASSWORD", True, True, True),
        ("koubei_kibana", "KOUBEI_KIBANA_PASSWORD", False, False, False),
    ],
)
def test_each_user_of_the_cluster_may_do_its_part_and_no_more(
    project, name, password, reads, writes, manages
):
    user = project.user(name, password)

    def may(method: str, path: str, body: object = None) -> bool:
        return project.cluster.request(method, path, body, user=user).status_code < 400

    project.cluster.request("PUT", "/somebody-elses")  # as the superuser
    assert may("GET", "/_security/_authenticate")
    assert may("GET", "/koubei-mentions/_count") is reads
    gone = project.cluster.request("DELETE", "/koubei-mentions/_doc/nobody", user=user)
    assert (gone.status_code == 404) is writes
    assert may("PUT", "/koubei-mentions/_settings", {"refresh_interval": "5s"}) is manages
    assert not may("GET", "/somebody-elses/_count")
    assert not may("PUT", "/another")


def test_parts_run_until_they_are_healthy_and_stop_in_order(project, image, capsys):
    machine = project.machine
    before = image.files()
    took = {}
    with ExitStack() as stack:
        parts = [stack.enter_context(machine.service(name)) for name in PARTS]
        for part in parts:
            took[part.name] = part.wait_until_healthy()
        pages = f"http://127.0.0.1:{machine.places['8501']}"
        assert httpx.get(f"{pages}/login", follow_redirects=True).status_code == 200
        applied = machine.run("app", "koubei", "apply", "--dry-run", "/etc/koubei/brands.toml")
        assert applied.returncode == 0, applied.stderr
        doctor = machine.run("app", "koubei", "doctor")
        assert doctor.returncode == 0, doctor.stdout + doctor.stderr
        assert "✓ Elasticsearch：9.2.4，TLS，用户 koubei" in doctor.stdout
        assert "✓ 索引权限：齐全" in doctor.stdout
        for part in parts:
            grace = seconds(machine.services[part.name]["stop_grace_period"])
            assert part.stop(grace) == 0, part.said
        assert not parts[0].is_healthy()
    assert image.files() == before, "the root file system is read-only"
    with capsys.disabled():
        sys.stdout.write(f"\nhealthy after {took} seconds\n")


def test_what_they_leave_is_their_own(project):
    secrets = Path(project.machine.places["/var/lib/koubei"]) / "secrets"
    assert {path.name for path in secrets.iterdir()} >= {"author_key", "seal_key", "first_code"}
    for path in secrets.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = project.machine.run("prepare")
    assert again.returncode == 0, "every start runs it"
    assert not (ROOT / ".env").exists()
