"""storage/elasticsearch/client.py: who asks, what an answer is worth, and what an error says."""

import base64
from datetime import timedelta

import pytest
from elastic_transport import ConnectionTimeout, TlsError
from elasticsearch import ConnectionError as NoConnection

from domain.errors import ConfigurationError, SchemaMismatch, StoreError, StoreUnavailable
from storage.elasticsearch.client import (
    CONNECTIONS,
    connect,
    error_type,
    is_passing,
    translated,
    whole,
)
from storage.elasticsearch.cluster import ApiKey, Cluster, Login
from tests.fixtures.told_cluster import error, told

HERE = Cluster("http://127.0.0.1:9200")


def raised(answer, headers=None):
    with pytest.raises(StoreError) as caught, translated("Elasticsearch"):
        told(answer, headers).search(index="x")
    return caught.value


class TestConnect:
    def test_nothing_is_tried_twice_and_a_dead_cluster_does_not_hold_anybody_for_long(self):
        client = connect(HERE)
        assert client._max_retries == 0
        assert client._retry_on_timeout is False
        assert client._request_timeout == 10.0
        node = next(iter(client.transport.node_pool.all()))
        assert node.config.connections_per_node == CONNECTIONS

    def test_each_node_is_asked_in_turn(self):
        client = connect(Cluster("https://es1:9200,https://es2:9243/search"))
        addresses = {node.base_url for node in client.transport.node_pool.all()}
        assert addresses == {"https://es1:9200", "https://es2:9243/search"}

    def test_a_password_may_hold_any_sign(self):
        client = connect(Cluster("http://[::1]:9200", credentials=lambda: Login("公关", "口令:ü")))
        said = client._headers["authorization"].removeprefix("Basic ")
        assert base64.b64decode(said).decode() == "公关:口令:ü"

    def test_an_api_key_is_sent_as_it_is(self):
        client = connect(Cluster("http://127.0.0.1:9200", credentials=lambda: ApiKey("a2V5")))
        assert client._headers["authorization"] == "ApiKey a2V5"

    def test_credentials_are_asked_for_at_each_connection(self):
        keys = iter([ApiKey("b25l"), ApiKey("dHdv")])
        cluster = Cluster("http://127.0.0.1:9200", credentials=lambda: next(keys))
        said = [connect(cluster)._headers["authorization"] for _ in range(2)]
        assert said == ["ApiKey b25l", "ApiKey dHdv"]

    def test_certificates_are_always_checked(self):
        config = next(iter(connect(Cluster("https://es1:9200")).transport.node_pool.all())).config
        assert config.verify_certs
        assert config.ssl_context is not None
        assert config.ssl_context.check_hostname

    def test_a_file_that_holds_no_certificate_is_named(self, tmp_path):
        file = tmp_path / "ca.pem"
        file.write_text("nothing")
        with pytest.raises(ConfigurationError, match=r"ca_file = .*ca.pem"):
            connect(Cluster("https://es1:9200", ca_file=file))


class TestErrors:
    """Which can be tried again, and what a person has to do about the others."""

    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
    def test_a_cluster_that_has_no_time_is_asked_again(self, status):
        told = raised(lambda *_: (status, error("es_rejected_execution_exception")))
        assert isinstance(told, StoreUnavailable)
        assert told.retry

    def test_an_index_that_takes_no_writes_now_is_tried_again_although_it_is_a_403(self):
        told = raised(lambda *_: (403, error("cluster_block_exception")))
        assert isinstance(told, StoreUnavailable)
        assert "watermark" in told.mend.en
        assert is_passing(403, "cluster_block_exception")
        assert not is_passing(403, "security_exception")

    @pytest.mark.parametrize(
        ("status", "kind", "said"),
        [
            (401, "security_exception", "credentials are not valid"),
            (403, "security_exception", "a privilege is missing"),
            (406, "media_type_header_exception", "version is not supported"),
            (413, "", "too large"),
            (400, "parsing_exception", "refused the request (400 parsing_exception)"),
        ],
    )
    def test_what_somebody_has_to_mend_is_not_tried_again(self, status, kind, said):
        told = raised(lambda *_: (status, error(kind)))
        assert not told.retry
        assert said in str(told)
        assert told.mend.zh
        assert told.mend.en

    @pytest.mark.parametrize(
        ("status", "kind"),
        [(404, "index_not_found_exception"), (400, "strict_dynamic_mapping_exception")],
    )
    def test_an_index_of_another_form_is_a_mismatch(self, status, kind):
        told = raised(lambda *_: (status, error(kind)))
        assert isinstance(told, SchemaMismatch)
        assert "koubei init" in str(told)

    @pytest.mark.parametrize(
        ("broken", "said"),
        [
            (NoConnection("不能说的话"), "cannot be reached"),
            (ConnectionTimeout("不能说的话"), "timed out"),
            (TlsError("不能说的话"), "certificate"),
        ],
    )
    def test_a_broken_line_is_tried_again(self, broken, said):
        def answer(*_: object):
            raise broken

        told = raised(answer)
        assert isinstance(told, StoreUnavailable)
        assert said in str(told)

    def test_something_that_is_not_elasticsearch_is_called_so(self):
        told = raised(lambda *_: (200, {"hits": {}}), {"content-type": "application/json"})
        assert "is not Elasticsearch" in str(told)
        assert not told.retry

    def test_a_page_of_a_proxy_is_no_answer(self):
        told = raised(lambda *_: (200, b"<html>login"))
        assert "no JSON" in str(told)

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500])
    def test_nothing_that_the_server_said_is_repeated(self, status):
        told = raised(lambda *_: (status, error("不能说的话")))
        for text in (told.sentence("zh"), told.sentence("en"), repr(told.__cause__)):
            assert "不能说" not in text
        assert told.__suppress_context__

    def test_the_type_of_an_error_is_an_identifier_or_nothing(self):
        assert error_type(error("mapper_parsing_exception")) == "mapper_parsing_exception"
        for body in (error("Drop Table"), error("x" * 70), {"error": "text"}, {}, [], None, b"x"):
            assert error_type(body) == ""


WHOLE = {"timed_out": False, "_shards": {"total": 3, "successful": 3, "failed": 0}}


class TestWhole:
    """A smaller number is worse than none."""

    def test_an_answer_that_is_whole_comes_back(self):
        assert whole(WHOLE) is WHOLE
        response = told(lambda *_: (200, WHOLE)).search(index="x")
        assert whole(response) == WHOLE

    @pytest.mark.parametrize(
        "part",
        [
            {"timed_out": True, "_shards": {"failed": 0}},
            {"timed_out": False, "_shards": {"failed": 1}},
            {"terminated_early": True},
            {"responses": [WHOLE, {"timed_out": True}]},
        ],
    )
    def test_a_part_of_one_is_an_error_that_passes(self, part):
        with pytest.raises(StoreUnavailable, match="a part of the answer"):
            whole(part)

    def test_one_failed_search_of_several_is_an_error_of_its_kind(self):
        failed = {"status": 400, **error("query_shard_exception")}
        with pytest.raises(StoreError, match="query_shard_exception") as caught:
            whole({"responses": [WHOLE, failed]})
        assert not caught.value.retry


def test_a_cluster_without_a_reader_is_its_own():
    assert HERE.as_reader() is HERE
    other = Cluster(HERE.url, reader=lambda: Login("eyes", "x"), timeout=timedelta(seconds=3))
    assert other.as_reader().credentials() == Login("eyes", "x")
    assert other.as_reader().timeout == other.timeout
