"""Clusters: copies fold, what only looks alike does not, and folding again changes nothing."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.near_copies import fingerprint
from domain.queries import MentionFilter
from monitoring.clusters import fold_near_copies
from storage.sqlite.mentions import SqliteMentionStore
from tests.fakes import NOON, a_mention

POST = "今天在云栈南门店买的奶茶里喝到一只虫子，店员说只能换一杯，已经打了投诉电话，大家小心"
OTHER = "周末去爬山，路上风景特别好，下次还要带上爸妈一起去，记得早点出发避开人流高峰"


def said(name, text, minutes=0, **changes):
    at = NOON + timedelta(minutes=minutes)
    return a_mention(
        name, text=text, title="", fingerprint=fingerprint(text), published_at=at, **changes
    )


def put(store, *mentions):
    store.add(mentions)
    fold_near_copies(store, mentions)


def clusters(store):
    found = store.scan(MentionFilter(public_voice_only=False))
    return {mention.id: mention.cluster_id for mention in found}


def test_copies_with_edits_fold_and_others_do_not(store):
    put(store, said("a", POST), said("x", OTHER))
    put(
        store,
        said("b", f"求扩散！{POST}", 1),
        said("c", POST[:30], 2),
        said("d", f"{POST}#维权#", 3),
    )
    assert clusters(store) == {
        "weibo:a": "weibo:a",
        "weibo:b": "weibo:a",
        "weibo:c": "weibo:a",
        "weibo:d": "weibo:a",
        "weibo:x": None,
    }


def test_a_shared_fingerprint_folds_nothing_that_reads_otherwise(store):
    one = said("a", POST)
    put(store, one, replace(said("b", OTHER, 1), fingerprint=one.fingerprint))
    assert set(clusters(store).values()) == {None}


def test_another_price_is_another_offer(store):
    text = "云栈大杯拿铁今天第二杯半价只要{}元快来看看吧"
    put(store, said("a", text.format("9.9")), said("b", text.format("19.9"), 1))
    assert set(clusters(store).values()) == {None}


def test_two_known_clusters_that_a_text_joins_become_one(store):
    front, back = POST[:24], POST[16:]
    put(store, said("a", front), said("b", f"{front}[怒]", 1))
    put(store, said("c", back, 2), said("d", f"{back}！！", 3))
    assert set(clusters(store).values()) == {"weibo:a", "weibo:c"}
    put(store, said("e", POST, 4))
    assert set(clusters(store).values()) == {"weibo:a"}


def test_a_long_wave_reads_one_text_of_its_cluster(store, monkeypatch):
    wave = [said(f"w{n:03}", f"{POST}{'！' * n}", n) for n in range(60)]
    put(store, *wave)
    asked = []
    get = type(store).get

    def counting(self, ids):
        ids = list(ids)
        asked.append(len(ids))
        return get(self, ids)

    monkeypatch.setattr(SqliteMentionStore, "get", counting)
    put(store, said("new", f"求扩散！{POST}", 90))
    assert clusters(store)["weibo:new"] == "weibo:w000"
    assert sum(asked) <= 5


def test_reposts_of_an_original_that_was_never_seen_stay_together_with_its_copies(store):
    put(store, said("r1", POST, 5, repost_of="weibo:gone"))
    put(store, said("copy", f"{POST}！", 1))
    put(store, said("r2", "转发微博", 9, repost_of="weibo:gone"))
    assert set(clusters(store).values()) == {"weibo:gone"}


def test_what_the_store_refused_gives_no_cluster_its_name(store):
    kept, refused = said("a", POST, 5), said("b", POST, 1)
    store.add([kept])
    fold_near_copies(store, [kept, refused])
    assert clusters(store) == {"weibo:a": None}


pieces = st.sampled_from([POST, POST[:30], f"求扩散！{POST}", OTHER, f"{OTHER}！", "转发微博"])


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(pieces, min_size=1, max_size=8), split=st.integers(0, 8))
def test_folding_again_and_in_other_batches_changes_nothing(tmp_path_factory, texts, split):
    mentions = [said(f"m{n}", text, n) for n, text in enumerate(texts)]
    folder = tmp_path_factory.mktemp("stores")
    whole, parts = (SqliteMentionStore(folder / f"{n}.sqlite") for n in range(2))
    put(whole, *mentions)
    once = clusters(whole)
    put(whole, *mentions)
    assert clusters(whole) == once
    put(parts, *mentions[split:])
    put(parts, *mentions[:split])
    assert clusters(parts) == once
    whole.close()
    parts.close()
