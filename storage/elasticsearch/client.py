"""The way to a cluster: where it is, who asks, and its errors as ours.

Nothing that a server says goes into a message of ours: it quotes documents and queries.
"""

import base64
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from elastic_transport import ObjectApiResponse
from elasticsearch import (
    ApiError,
    ConnectionTimeout,
    Elasticsearch,
    OrjsonSerializer,
    SerializationError,
    SSLError,
    TransportError,
    UnsupportedProductError,
)

from domain.errors import (
    ConfigurationError,
    KoubeiError,
    SchemaMismatch,
    StoreError,
    StoreUnavailable,
    Text,
)
from storage.elasticsearch.cluster import ApiKey, Cluster, Credentials, Login, nobody

__all__ = [
    "ApiKey",
    "Cluster",
    "Credentials",
    "Login",
    "connect",
    "error_of",
    "error_type",
    "is_passing",
    "nobody",
    "translated",
    "whole",
]

CONNECTIONS: Final = 16
"""Requests to one node at the same time; another one waits."""

PASSING_STATUSES: Final = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP statuses of requests and of items that may succeed when they are sent again."""
BLOCKED: Final = "cluster_block_exception"
"""An index that takes no writes for now: a full disk (`koubei doctor` tells), or a migration."""

_TYPE = re.compile(r"[a-z][a-z0-9_]{2,60}")
_TRY_AGAIN = Text("稍后自动重试", "it is tried again")
_INIT = Text("koubei init", "koubei init")


def connect(cluster: Cluster) -> Elasticsearch:
    """Return a client, usable by many threads; no request is sent yet.

    It asks a node once, and the next one where that cannot be reached: a node that is away for
    hours is tried again every half minute, and nobody should notice. Else it tries nothing twice:
    how often and when is decided where it is known whether that is safe. ConfigurationError when
    the file of certificates cannot be used.
    """
    options: dict[str, Any] = {}
    if any(url.startswith("https:") for url in cluster.urls):
        # checked by the company's own CA alone where one is named, else by the system's store
        context = _certificates(cluster.ca_file)
        if cluster.ca_file is None:
            options["ssl_context"] = context
        else:
            options["ca_certs"] = str(cluster.ca_file)
    match cluster.credentials():
        case ApiKey(encoded):
            options["api_key"] = encoded
        case Login(name, password):
            # made here, because the client takes ASCII only (RFC 7617: UTF-8)
            options["basic_auth"] = base64.b64encode(f"{name}:{password}".encode()).decode("ascii")
    return Elasticsearch(
        cluster.urls,
        request_timeout=cluster.timeout.total_seconds(),
        connections_per_node=CONNECTIONS,
        serializer=OrjsonSerializer(),  # reads answers twice as fast
        max_retries=len(cluster.urls) - 1,
        retry_on_status=(),
        retry_on_timeout=False,
        **options,
    )


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn the client's errors into ours. `place` names the cluster (`Cluster.place`).

    StoreUnavailable when the same call can succeed later; StoreError with its mend when somebody
    has to do something (login, privileges); SchemaMismatch when the index is not what this program
    knows.
    """
    try:
        yield
    except UnsupportedProductError:  # an ApiError too
        raise StoreError(
            Text("回答的不是 Elasticsearch", "what answers is not Elasticsearch"),
            place=place,
            mend=Text("检查 mention_store_url", "check mention_store_url"),
        ) from None
    except ApiError as error:
        raise error_of(error.meta.status, error_type(error.body), place) from None
    except TransportError as error:
        raise _away(error, place) from None


def whole(
    response: ObjectApiResponse[Any] | Mapping[str, Any], place: str = "Elasticsearch"
) -> Mapping[str, Any]:
    """Return the answer of a search; StoreUnavailable when a part of it is missing.

    A timeout or a shard that failed would read as a smaller number, which is worse than none. An
    answer of `_msearch` is checked response by response.
    """
    body: Mapping[str, Any] = response if isinstance(response, Mapping) else response.body
    for answer in body.get("responses", (body,)):
        if "error" in answer:
            raise error_of(int(answer.get("status", 500)), error_type(answer), place)
        shards = answer.get("_shards", {})
        if answer.get("timed_out") or shards.get("failed") or answer.get("terminated_early"):
            raise StoreUnavailable(
                Text("只得到部分结果", "a part of the answer is missing"),
                place=place,
                mend=_TRY_AGAIN,
            )
    return body


def is_passing(status: int, kind: str) -> bool:
    """Whether a request, or one item of a bulk request, may succeed when it is sent again."""
    return status in PASSING_STATUSES or kind == BLOCKED


def error_type(body: object) -> str:
    """Return the type of an error as the server names it (`mapper_parsing_exception`), "" when it
    names none. It is an identifier and quotes nothing.
    """
    error = body.get("error") if isinstance(body, Mapping) else None
    kind = error.get("type") if isinstance(error, Mapping) else None
    return kind if isinstance(kind, str) and _TYPE.fullmatch(kind) else ""


def error_of(status: int, kind: str, place: str) -> KoubeiError:
    """Return the error of ours for an HTTP status and the server's error type."""
    shown = f"{status} {kind}".strip()
    if kind == BLOCKED:
        return StoreUnavailable(
            Text(f"索引暂时不接受写入（{shown}）", f"the index takes no writes now ({shown})"),
            place=place,
            mend=Text(
                "koubei doctor 查看磁盘水位；迁移中则会自动恢复",
                "koubei doctor shows the disk's watermark; during a migration it passes by itself",
            ),
        )
    if is_passing(status, kind):
        fact = Text(f"集群暂时不能应答（{shown}）", f"the cluster cannot answer now ({shown})")
        return StoreUnavailable(fact, place=place, mend=_TRY_AGAIN)
    if kind in {"index_not_found_exception", "strict_dynamic_mapping_exception"}:
        fact = Text(
            f"索引不存在或版本不符（{kind}）", f"no such index, or not of our form ({kind})"
        )
        return SchemaMismatch(fact, place=place, mend=_INIT)
    text, mend = _MEND.get(status, _OTHER)
    return StoreError(Text(f"{text.zh}（{shown}）", f"{text.en} ({shown})"), place=place, mend=mend)


_OTHER = (
    Text("集群拒绝了请求", "the cluster refused the request"),
    Text("koubei doctor", "koubei doctor"),
)
_MEND: Mapping[int, tuple[Text, Text]] = {
    401: (
        Text("未登录或凭据无效", "not logged in, or the credentials are not valid"),
        Text(
            "检查 [elasticsearch] 的 api_key 或 username/password",
            "check api_key or username/password of [elasticsearch]",
        ),
    ),
    403: (
        Text("权限不足", "a privilege is missing"),
        Text(
            "koubei doctor 列出缺少的权限；koubei doctor --elasticsearch-roles 打印角色定义",
            "koubei doctor lists what is missing, and with --elasticsearch-roles prints the roles",
        ),
    ),
    406: (
        Text("服务器版本不受支持", "the server's version is not supported"),
        Text("使用 Elasticsearch 8 或 9", "use Elasticsearch 8 or 9"),
    ),
    413: (
        Text("请求过大", "the request is too large"),
        Text(
            "调大反向代理或 http.max_content_length 的上限（默认 100 MB）",
            "raise the limit of the proxy, or http.max_content_length (100 MB by default)",
        ),
    ),
}


def _away(error: TransportError, place: str) -> StoreError:
    if isinstance(error, SSLError):
        return StoreUnavailable(
            Text("TLS 握手失败：证书不受信任、已过期或主机名不符", "TLS: certificate not trusted"),
            place=place,
            mend=Text(
                "检查 elasticsearch.ca_file 与服务器证书",
                "check elasticsearch.ca_file and the server's certificate",
            ),
        )
    if isinstance(error, SerializationError):
        return StoreUnavailable(
            Text("回答不是 JSON（可能来自代理）", "the answer is no JSON (of a proxy?)"),
            place=place,
            mend=Text("检查 mention_store_url", "check mention_store_url"),
        )
    if isinstance(error, ConnectionTimeout):
        return StoreUnavailable(Text("超时", "timed out"), place=place, mend=_TRY_AGAIN)
    return StoreUnavailable(
        Text("无法连接", "cannot be reached"),
        place=place,
        mend=Text(
            "检查服务是否在运行、网址与网络", "check that it runs, the address and the network"
        ),
    )


def _certificates(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except OSError as error:
        raise ConfigurationError(
            Text("证书文件无法读取或不是 PEM", "the file cannot be read or is no PEM"),
            place=f"elasticsearch.ca_file = {ca_file}",
        ) from error
