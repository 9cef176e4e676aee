"""docker-compose.yml: of the form that Compose reads, closed to the network, no secret in it."""

import json
import re
from copy import deepcopy
from pathlib import Path

import jsonschema
import pytest
import yaml

from runtime.compose_env import write_compose_env
from runtime.compose_tls import AUTHORITY, CERTIFICATE, HOSTS, KEY
from runtime.settings import leaves, variable_of
from runtime.settings_model import Settings
from storage.elasticsearch.roles import roles
from tests.fixtures.compose import ROOT, read_compose, read_env, variables

SCHEMA = json.loads(
    (ROOT / "tests/fixtures/compose_spec/compose-spec.json").read_text(encoding="utf-8")
)
OURS = ("app", "scheduler", "crawler", "prepare", "certificates")
ONCE = ("prepare", "certificates")
FOREIGN = ("elasticsearch", "kibana", "postgres")


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> dict[str, str]:
    path = tmp_path_factory.mktemp("compose") / ".env"
    assert write_compose_env(path, Path("live"))
    return read_env(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def services(environment):
    return read_compose(environment)["services"]


def problems(document: object) -> list[str]:
    validator = jsonschema.validators.validator_for(SCHEMA)
    return [error.json_path for error in validator(SCHEMA).iter_errors(document)]


def test_it_is_of_the_compose_specification(environment):
    assert problems(read_compose()) == []
    assert problems(read_compose(environment)) == []


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        ("volume", {"x": 1}),
        ("restart", 1),
        ("depends_on", {"elasticsearch": {"condition": "healthy"}}),
        ("mem_limit", []),
        ("healthcheck", {"tests": ["CMD", "true"]}),
    ],
)
def test_a_slip_would_be_found(environment, place, wrong):
    document = deepcopy(read_compose(environment))
    document["services"]["app"][place] = wrong
    assert problems(document) != []


def test_nothing_is_published_beyond_this_machine(services):
    published = {name: service.get("ports", []) for name, service in services.items()}
    assert {name for name, ports in published.items() if ports} == {
        "app",
        "elasticsearch",
        "kibana",
    }
    for ports in published.values():
        assert all(port.startswith("127.0.0.1:") for port in ports)
    assert not any(service.get("network_mode") == "host" for service in services.values())


def test_every_secret_comes_from_the_file_that_koubei_writes(environment):
    required = {variable.name for variable in variables() if variable.default is None}
    assert required <= set(environment)
    assert all("PASSWORD" in name or "KEY" in name for name in required)
    with pytest.raises(KeyError):
        read_compose({})
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert not re.search(r"(?i)(password|key): [^$\s]", re.sub(r"\.key: certs/\S+", "", text))


def test_what_the_written_file_holds_is_used(environment):
    used = {variable.name for variable in variables()}
    for_people = {"KOUBEI_READER_PASSWORD"}
    assert set(environment) - used == for_people


def test_the_cluster_s_superuser_is_known_to_no_service_that_runs_on(services, environment):
    told = {
        name
        for name, service in services.items()
        if environment["ELASTIC_PASSWORD"] in json.dumps(service)
    }
    assert told == {"elasticsearch"}


def test_who_may_change_the_index_is_known_to_no_service_that_runs_on(services, environment):
    told = {
        name
        for name, service in services.items()
        if environment["KOUBEI_ADMIN_PASSWORD"] in json.dumps(service)
    }
    assert told == {"prepare"}
    assert services["prepare"]["restart"] == "no"


def test_our_services_are_told_settings_that_there_are(services):
    known = {variable_of(path) for path in leaves(Settings)} | {"KOUBEI_CONFIG"}
    for name in OURS:
        assert set(services[name].get("environment", {})) <= known


def test_images_are_pinned_to_a_version(services):
    for name in FOREIGN:
        assert re.search(r":\d+\.\d+(\.\d+)?(-\w+)?$", services[name]["image"]), name
    versions = {services[name]["image"].rpartition(":")[2] for name in ("elasticsearch", "kibana")}
    assert versions == {"9.2.4"}, "the one that the tests run on, and the same for Kibana"


def test_our_images_carry_this_version(services):
    version = re.search(r'(?m)^version = "(.*)"', (ROOT / "pyproject.toml").read_text())
    assert version
    assert {services[name]["image"].rpartition(":")[2] for name in OURS} == {version[1]}


def test_every_service_that_runs_on_is_limited_watched_and_starts_again(services):
    for name in (set(OURS) | set(FOREIGN)) - set(ONCE):
        service = services[name]
        assert service["mem_limit"], name
        assert service["restart"] == "unless-stopped", name
        assert name == "app" or service["healthcheck"]["test"], name


def test_ours_can_write_nowhere_but_where_they_must(services):
    for name in OURS:
        service = services[name]
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "user" not in service, "the image's own, which is not root"
        mounts = [mount for mount in service["volumes"] if not mount.endswith(":ro")]
        allowed = {"certificates": ["tls:", "ca:"]}.get(name, ["data:"])
        assert [mount[: mount.index(":") + 1] for mount in mounts] == allowed


def test_nobody_starts_before_what_it_needs(services):
    healthy, ended = "service_healthy", "service_completed_successfully"
    wanted = {
        name: {other: condition["condition"] for other, condition in service["depends_on"].items()}
        for name, service in services.items()
        if "depends_on" in service
    }
    after = {"elasticsearch": healthy, "prepare": ended, "postgres": healthy}
    assert wanted == {
        "app": after,
        "scheduler": after,
        "crawler": after,
        "prepare": {"elasticsearch": healthy},
        "elasticsearch": {"certificates": ended},
        "kibana": {"elasticsearch": healthy},
    }
    assert services["app"]["depends_on"]["postgres"]["required"] is False


def test_kibana_and_postgres_are_optional(services):
    assert {name: s["profiles"] for name, s in services.items() if "profiles" in s} == {
        "kibana": ["kibana"],
        "postgres": ["postgres"],
    }


def test_volumes_and_configs_that_are_used_are_there(services):
    document = read_compose()
    named = {
        mount.partition(":")[0]
        for service in services.values()
        for mount in service.get("volumes", [])
        if not mount.startswith((".", "/"))
    }
    assert named == set(document["volumes"])
    used = {c["source"] for service in services.values() for c in service.get("configs", [])}
    assert used == set(document["configs"])
    for service in services.values():
        for mount in service.get("volumes", []):
            if mount.startswith("./packaging"):
                assert (ROOT / mount.partition(":")[0]).is_file(), mount


def test_the_certificate_s_files_and_names_are_those_that_are_asked_for(services):
    settings = services["elasticsearch"]["environment"]
    for layer in ("http", "transport"):
        assert settings[f"xpack.security.{layer}.ssl.key"] == f"certs/{KEY}"
        assert settings[f"xpack.security.{layer}.ssl.certificate"] == f"certs/{CERTIFICATE}"
    authorities = settings["xpack.security.transport.ssl.certificate_authorities"]
    assert authorities == f"certs/{AUTHORITY}"
    for name in ("app", "scheduler", "crawler", "prepare"):
        assert services[name]["environment"]["KOUBEI_MENTION_STORE_URL"] == (
            f"https://{HOSTS[0]}:9200"
        )
        ca = services[name]["environment"]["KOUBEI_ELASTICSEARCH__CA_FILE"]
        assert ca == f"/var/lib/koubei-ca/{AUTHORITY}"
    assert HOSTS[0] in services


def test_every_user_of_the_cluster_has_a_role_and_every_role_of_ours_is_defined(services):
    content = read_compose()["configs"]["elasticsearch_users"]["content"]
    users = {line.partition(":")[0] for line in content.splitlines()}
    held = dict(
        line.split(":") for line in (ROOT / "packaging/docker/users_roles").read_text().splitlines()
    )
    assert {name for names in held.values() for name in names.split(",")} == users
    defined = yaml.safe_load((ROOT / "packaging/docker/roles.yml").read_text(encoding="utf-8"))
    assert defined == roles(Settings().elasticsearch.index)
    built_in = {"kibana_admin", "kibana_system"}
    assert set(held) == set(defined) | built_in
    assert services["app"]["environment"]["KOUBEI_ELASTICSEARCH__USERNAME"] in users
    assert services["kibana"]["environment"]["ELASTICSEARCH_USERNAME"] in users


def test_chromium_gets_docker_s_profile_and_its_own_sandbox_besides():
    profile = json.loads((ROOT / "packaging/docker/seccomp-chromium.json").read_text())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    *_, last = profile["syscalls"]
    assert set(last["names"]) == {"chroot", "clone", "setns", "unshare"}
    assert last["action"] == "SCMP_ACT_ALLOW"
    assert not any(
        "mount" in rule["names"] for rule in profile["syscalls"] if "includes" not in rule
    )
