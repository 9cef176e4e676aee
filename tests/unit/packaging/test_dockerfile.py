"""Dockerfile and .dockerignore: what they say, read without an engine."""

import re
import subprocess
import tomllib

import pytest

from tests.fixtures.compose import ROOT, read_compose, variables
from tests.fixtures.dockerfile import reaches_the_build, read_stages

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
STAGES = read_stages()


def test_the_image_is_what_is_built_unless_another_target_is_named():
    assert list(STAGES) == ["build", "runtime", "crawler", "koubei"]
    assert STAGES["koubei"].base == STAGES["crawler"].base == "runtime"
    assert STAGES["koubei"].instructions == []
    filled = {variable.name: variable.default or "x" for variable in variables()}
    services = read_compose(filled)["services"]
    targets = {s["build"]["target"] for s in services.values() if "build" in s}
    assert targets == {"koubei", "crawler"} <= set(STAGES)


def test_the_base_is_pinned_and_one_that_the_program_runs_on():
    (image,) = re.findall(r"(?m)^ARG PYTHON_IMAGE=(\S+)", (ROOT / "Dockerfile").read_text())
    found = re.fullmatch(r"python:(\d+)\.(\d+)\.\d+-slim-\w+(@sha256:[0-9a-f]{64})?", image)
    assert found
    minimum = re.findall(r"\d+", PROJECT["project"]["requires-python"])
    assert (int(found[1]), int(found[2])) >= tuple(map(int, minimum))
    assert {STAGES[name].base for name in ("build", "runtime")} == {"${PYTHON_IMAGE}"}


def test_every_package_is_installed_by_its_hash():
    installs = [one.rest for one in STAGES["build"].all("RUN") if " pip install " in one.rest]
    from_index = [line for line in installs if "--no-index" not in line]
    assert [line.rpartition(" ")[2] for line in from_index] == [
        "requirements/build.lock",
        "requirements/run.lock",
    ]
    assert all("--require-hashes" in line for line in from_index)
    assert len(installs) == len(from_index) + 1


@pytest.mark.parametrize("name", ["runtime", "crawler"])
def test_nobody_runs_as_root(name):
    assert STAGES[name].all("USER")[-1].rest == "10001:0"
    made = " ".join(one.rest for one in STAGES["runtime"].all("RUN"))
    assert "useradd --uid 10001 --gid 0" in made


def test_folders_that_volumes_are_mounted_on_belong_to_who_writes_them():
    made = " ".join(one.rest for one in STAGES["runtime"].all("RUN"))
    document = read_compose()["services"]
    mounted = {
        mount.split(":")[1]
        for name in ("app", "certificates")
        for mount in document[name]["volumes"]
        if re.match(r"[a-z]+:", mount)
    }
    owned = set(re.findall(r"install -d -m 0\d+ -o 10001 -g 0 (\S+)", made))
    assert mounted == owned


def test_chromium_is_in_the_crawler_alone():
    with_chromium = {
        name
        for name, stage in STAGES.items()
        if any("chromium" in one.rest for one in stage.all("RUN"))
    }
    assert with_chromium == {"crawler"}


def test_labels_and_health_check():
    (label,) = STAGES["runtime"].all("LABEL")
    labels = label.assigned
    assert labels["org.opencontainers.image.licenses"] == PROJECT["project"]["license"]
    assert {name.rpartition(".")[2] for name in labels} >= {"title", "description", "version"}
    version = {k: v for one in STAGES["runtime"].all("ARG") for k, v in one.assigned.items()}
    assert version == {"KOUBEI_VERSION": PROJECT["project"]["version"]}
    (check,) = STAGES["runtime"].all("HEALTHCHECK")
    assert check.rest.startswith("CMD [")
    assert check.words  # the exec form is JSON


def tracked() -> list[str]:
    told = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if told.returncode:
        pytest.skip("needs a git work tree; mend: run it in a clone")
    return told.stdout.splitlines()


def test_the_build_sees_every_package_and_nothing_that_it_does_not_need():
    wanted = {
        name.rstrip("*") for name in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    }
    seen = {path for path in tracked() if reaches_the_build(path)}
    assert {path.partition("/")[0] for path in seen if "/" in path} == wanted | {"requirements"}
    assert {path for path in seen if "/" not in path} == {"LICENSE", "README.md", "pyproject.toml"}
    assert {path for path in seen if path.startswith("requirements/")} == {
        "requirements/build.lock",
        "requirements/run.lock",
    }
    packages = [path for path in tracked() if path.partition("/")[0] in wanted]
    assert sorted(packages) == sorted(path for path in seen if path in set(packages))


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "live/koubei.toml",
        "var/secrets/author_key",
        ".git/config",
        ".venv/pyvenv.cfg",
        "koubei.toml",
        "cli/__pycache__/up.cpython-311.pyc",
        "requirements/test.lock",
    ],
)
def test_secrets_data_and_rubbish_stay_out(path):
    assert not reaches_the_build(path)


def test_a_line_that_docker_would_not_know_is_found(tmp_path):
    wrong = tmp_path / "Dockerfile"
    wrong.write_text("FROM python AS a\nRUM true\n")
    with pytest.raises(ValueError, match="RUM true"):
        read_stages(wrong)
