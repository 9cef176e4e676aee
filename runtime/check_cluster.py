"""The health check of the mention store's cluster. Imported where it is used, as its client is."""

from collections.abc import Iterator

from elasticsearch import Elasticsearch

from domain.errors import KoubeiError, Text
from runtime.checks import Check, Mark, failed
from storage.elasticsearch.client import connect
from storage.elasticsearch.cluster import ApiKey, Cluster
from storage.elasticsearch.health import Health, is_blocked, is_out_of_disk, look
from storage.elasticsearch.roles import READS, WRITES, missing
from storage.elasticsearch.schema import MAPPING_VERSION, Found, Step, find, plan

_CLUSTER = Text("Elasticsearch", "Elasticsearch")
_INDEX = Text("内容索引", "mention index")
_RIGHTS = Text("索引权限", "index privileges")
_DISK = Text("集群磁盘", "cluster's disk")
_READER = Text("只读账号", "reader")
_MAJORS = ("8", "9")
_LITTLE_SPACE = 0.80
"""Elasticsearch stops putting shards on a node at 85 % by default."""
_ROLES = Text(
    "koubei doctor --elasticsearch-roles 打印角色定义，交给集群管理员",
    "koubei doctor --elasticsearch-roles prints the roles for the cluster's administrator",
)


def cluster_checks(cluster: Cluster) -> Iterator[Check]:
    """Yield how the cluster is, who we are there, what our index is like and what is missing."""
    try:
        client = connect(cluster)
    except KoubeiError as error:
        yield failed(_CLUSTER, error)
        return
    try:
        yield from _checks(client, cluster)
    except KoubeiError as error:
        yield failed(_CLUSTER, error)
    finally:
        client.close()
    if cluster.reader is not None:
        yield _check_reader(cluster.as_reader())


def _checks(client: Elasticsearch, cluster: Cluster) -> Iterator[Check]:
    # the first question of all: an address, certificate or login that is wrong ends here
    health = look(client, cluster, None)
    yield _check_version(cluster, health)
    rights = missing(client, cluster, WRITES)
    try:
        found = find(client, cluster)
        changes = plan(client, cluster) if found else []
    except KoubeiError as error:
        yield failed(_INDEX, error)
    else:
        steps = {change.step for change in changes}
        status = look(client, cluster, found).status if found else None
        yield _check_index(cluster, found, steps, status)
    yield _check_rights(_RIGHTS, rights)
    yield _check_disk(health)


def _check_version(cluster: Cluster, health: Health) -> Check:
    who = _who(cluster)
    how = Text("TLS", "TLS") if cluster.url.startswith("https:") else Text("本机", "this machine")
    if health.version is None:
        return Check(
            _CLUSTER,
            Mark.NOTE,
            Text(
                f"可访问（{how.zh}，{who.zh}），看不到版本", f"answers ({how}, {who}), no version"
            ),
            Text("集群权限 monitor", "the cluster privilege monitor"),
        )
    fact = Text(f"{health.version}，{how.zh}，{who.zh}", f"{health.version}, {how.en}, {who.en}")
    if health.version.partition(".")[0] not in _MAJORS:
        return Check(
            _CLUSTER,
            Mark.FAILED,
            fact,
            Text("需要 Elasticsearch 8 或 9", "Elasticsearch 8 or 9 is needed"),
        )
    return Check(_CLUSTER, Mark.OK, fact)


def _who(cluster: Cluster) -> Text:
    credentials = cluster.credentials()
    if credentials is None:
        return Text("未登录", "no login")
    if isinstance(credentials, ApiKey):
        return Text("API key", "API key")
    return Text(f"用户 {credentials.name}", f"user {credentials.name}")


def _check_index(
    cluster: Cluster, found: Found | None, steps: set[Step], status: str | None
) -> Check:
    init = Text("koubei init", "koubei init")
    if found is None:
        fact = Text(f"还没有索引 {cluster.index}", f"there is no index {cluster.index} yet")
        return Check(_INDEX, Mark.FAILED, fact, init)
    shown = f"{found.name} ← {cluster.index}"
    if is_out_of_disk(found):
        return Check(
            _INDEX,
            Mark.FAILED,
            Text(f"{shown} 因磁盘将满而只读", f"{shown}: read-only, a disk is nearly full"),
            Text("为集群腾出磁盘，会自动恢复", "free disk on the cluster; it recovers by itself"),
        )
    if is_blocked(found):
        return Check(
            _INDEX,
            Mark.FAILED,
            Text(f"{shown} 不接受写入（迁移未完成）", f"{shown}: takes no writes (a migration)"),
            Text("koubei migrate", "koubei migrate"),
        )
    if Step.MIGRATE in steps:
        fact = Text(
            f"{shown}，版本 {found.version}，本程序 {MAPPING_VERSION}",
            f"{shown}, version {found.version}, this program's is {MAPPING_VERSION}",
        )
        return Check(_INDEX, Mark.FAILED, fact, Text("koubei migrate", "koubei migrate"))
    if status == "red":
        fact = Text(f"{shown} 缺少分片（red）", f"{shown}: a shard is missing (red)")
        return Check(_INDEX, Mark.FAILED, fact, Text("检查集群节点", "look at the cluster's nodes"))
    if Step.ADD in steps or Step.SET in steps:
        fact = Text(f"{shown} 与程序的文件不同", f"{shown} differs from the program's files")
        return Check(_INDEX, Mark.NOTE, fact, init)
    if status == "yellow":
        fact = Text(f"{shown} 缺少副本（yellow）", f"{shown}: a replica is missing (yellow)")
        return Check(_INDEX, Mark.NOTE, fact, Text("检查集群节点", "look at the cluster's nodes"))
    fact = Text(f"{shown}，版本 {found.version}", f"{shown}, version {found.version}")
    return Check(_INDEX, Mark.OK, fact)


def _check_rights(name: Text, rights: tuple[str, ...] | None) -> Check:
    if rights is None:
        fact = Text("集群不能回答（未启用安全功能？）", "the cluster cannot tell (no security?)")
        return Check(name, Mark.NOTE, fact, _ROLES)
    if rights:
        listed = ", ".join(rights)
        return Check(name, Mark.FAILED, Text(f"缺少 {listed}", f"missing: {listed}"), _ROLES)
    return Check(name, Mark.OK, Text("齐全", "complete"))


def _check_disk(health: Health) -> Check:
    if health.disk is None:
        fact = Text("看不到", "not to be seen")
        return Check(_DISK, Mark.NOTE, fact, Text("集群权限 monitor", "cluster privilege monitor"))
    mark = health.low_watermark
    limit_zh, limit_en = (f"，水位 {mark}", f", watermark {mark}") if mark else ("", "")
    shown = f"{health.disk.node} {health.disk.used:.0%}"
    fact = Text(f"{shown}{limit_zh}", f"{shown}{limit_en}")
    if health.disk.used < _LITTLE_SPACE:
        return Check(_DISK, Mark.OK, fact)
    return Check(
        _DISK,
        Mark.NOTE,
        fact,
        Text("扩容，或设置 retention.mentions", "add disk, or set retention.mentions"),
    )


def _check_reader(cluster: Cluster) -> Check:
    try:
        client = connect(cluster)
    except KoubeiError as error:
        return failed(_READER, error)
    try:
        rights = missing(client, cluster, READS)
        if rights is None:
            find(client, cluster)
        return _check_rights(_READER, rights)
    except KoubeiError as error:
        return failed(_READER, error)
    finally:
        client.close()
