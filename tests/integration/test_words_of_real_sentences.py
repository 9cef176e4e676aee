"""Both mention stores find in real sentences exactly what reading all of them finds: recall and
precision 1, for substrings of any length however they are written, and for words near each other.
"""

import csv
import gzip
import random
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from analysis.matching import is_near
from domain.brand import Proximity
from domain.han import fold
from domain.mention import Mention
from domain.ports import MentionStore
from domain.queries import MentionFilter
from storage.sqlite.mentions import SqliteMentionStore
from tests.contract.mention_store import HARD_TEXTS, HARD_WORDS
from tests.fakes import a_mention
from tests.fixtures.elasticsearch import Server
from tests.fixtures.elasticsearch_stores import making_stores

pytestmark = [pytest.mark.elasticsearch, pytest.mark.integration]

SOURCES = (
    "weibo2018",
    "smp2020_usual",
    "bdci2018_car_forum",
    "dianping_absa",
    "douban_book_review",
)
PER_SOURCE = 500
PROBES = 250
_PAIRS = Path(__file__).parents[2] / "domain" / "traditional_simplified.txt"

HARD_SENTENCES = (
    "iPhone15ProMax买回来就后悔，ＩＰＨＯＮＥ １５ 也一样",
    "客服态度很差😡😡👎🏻，退款退了👨‍👩‍👧‍👦三天",
    "臺灣的服務態度與臺北門市的裝潢，真的沒話說",
    "台湾的服务态度与台北门市的装潢，真的没话说",
    "第一行\n第二行\r\n第三行\t有\u3000全角空格\u00a0和不断行空格",
    "哈哈哈哈哈哈哈哈哈哈，哈哈",
    "①②③㈱㎡ｱｲｳ ﬁﬂ Å Ω ½",
    "100%的_好_评*都是?刷[doge][doge]的\\n'\"`",
    "𠮷野家の牛丼、𩸽もうまい",
    "a b  c   d    e",
    "好，吃不好；好吃 不好吃。好 吃",
    "e\u0301cole ÉCOLE école STRASSE Straße ſ",
)

_fullwidth = str.maketrans({chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)})


@dataclass
class Shelf:
    """Texts in both stores, and their normal forms to scan."""

    stores: dict[str, MentionStore]
    texts: dict[str, str]

    def check(self, wanted: MentionFilter) -> int:
        """Every store finds exactly what a scan finds; return how many that is."""
        expected = {mention_id for mention_id, text in self.texts.items() if _matches(wanted, text)}
        for name, store in self.stores.items():
            page = store.search(wanted, limit=len(expected) + 1)
            found = {mention.id for mention in page.mentions}
            assert found == expected, (name, wanted, found ^ expected)
            assert store.count(wanted) == len(expected), (name, wanted)
        return len(expected)


def _matches(wanted: MentionFilter, text: str) -> bool:
    """What the filter says of a text in normal form."""
    needed = [*wanted.words, *(word for proximity in wanted.near for word in proximity.words)]
    return (
        all(fold(word) in text for word in needed)
        and not any(fold(word) in text for word in wanted.without)
        and all(is_near(proximity, text) for proximity in wanted.near)
    )


@pytest.fixture(scope="module")
def new_shelf(
    elasticsearch_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Sequence[str]], Shelf]]:
    with ExitStack() as stack:
        new_store = stack.enter_context(making_stores(elasticsearch_server))

        def shelve(texts: Sequence[str]) -> Shelf:
            embedded = SqliteMentionStore(tmp_path_factory.mktemp("texts") / "mentions.db")
            stack.callback(embedded.close)
            stores = {"sqlite": embedded, "elasticsearch": new_store()}
            mentions = [_mention(number, text) for number, text in enumerate(texts)]
            for store in stores.values():
                assert len(store.add(mentions).new) == len(texts)
            folded = {mention.id: fold(f"{mention.title}\n{mention.text}") for mention in mentions}
            return Shelf(stores, folded)

        yield shelve


def _mention(number: int, text: str) -> Mention:
    middle = len(text) // 3
    if number % 4 == 0 and middle:
        return a_mention(str(number), title=text[:middle], text=text[middle:])
    return a_mention(str(number), text=text)


@pytest.mark.timeout(900)
@pytest.mark.shared
def test_both_stores_find_what_a_scan_of_real_sentences_finds(new_shelf, shared):
    sentences = list(_real_sentences(shared))
    shelf = new_shelf([*sentences, *HARD_SENTENCES])
    assert len(shelf.texts) > 2_000
    _check_everything(shelf, PROBES, seed=5)


def test_both_stores_find_what_a_scan_of_hard_sentences_finds(new_shelf):
    hard = [f"{title}\n{text}" for title, text in HARD_TEXTS.values()]
    shelf = new_shelf([*HARD_SENTENCES, *hard])
    for word in HARD_WORDS:
        shelf.check(MentionFilter(words=(word,)))
    _check_everything(shelf, 120, seed=6)


def _check_everything(shelf: Shelf, probes: int, seed: int) -> None:
    chance = random.Random(seed)
    texts = list(shelf.texts.values())
    words = [(word,) for word in _substrings(chance, texts, probes)]
    hits = sum(shelf.check(MentionFilter(words=word)) > 0 for word in words)
    assert hits > probes / 2
    for _ in range(probes // 5):
        wanted, unwanted = (_substring(chance, chance.choice(texts), 3) for _ in range(2))
        shelf.check(MentionFilter(words=(wanted,), without=(unwanted,)))
    near = [(proximity,) for proximity in _proximities(chance, texts, probes)]
    assert sum(shelf.check(MentionFilter(near=pair)) > 0 for pair in near) > probes / 4


def _substrings(chance: random.Random, texts: Sequence[str], number: int) -> Iterator[str]:
    """Substrings of 1 to 8 characters, some written otherwise, some mutilated."""
    traditional = _traditional()
    for count in range(number):
        word = _substring(chance, chance.choice(texts), count % 8 + 1)
        match count % 5:
            case 0:
                word = word.translate(traditional)
            case 1:
                word = word.upper().translate(_fullwidth)
            case 2:
                word = unicodedata.normalize("NFD", word)
            case 3:
                at = chance.randrange(len(word))
                word = word[:at] + _substring(chance, chance.choice(texts), 1) + word[at + 1 :]
        if fold(word):
            yield word


def _proximities(chance: random.Random, texts: Sequence[str], number: int) -> Iterator[Proximity]:
    """Two parts of one text with about the distance that lies between them, in either order."""
    for _ in range(number):
        text = chance.choice(texts)
        one, other = (_substring(chance, text, chance.randint(1, 4)) for _ in range(2))
        between = abs(text.find(one) - text.find(other)) - min(len(one), len(other))
        yield Proximity((one, other), max(0, between + chance.randint(-2, 1)))


def _substring(chance: random.Random, text: str, length: int) -> str:
    start = chance.randrange(max(1, len(text) - length + 1))
    return text[start : start + length]


def _real_sentences(shared: Path) -> Iterable[str]:
    for source in SOURCES:
        place = shared / "data" / "sentiment" / "dev" / f"{source}.csv.gz"
        with gzip.open(place, "rt", encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file)):
                if number == PER_SOURCE:
                    break
                yield row["text"]


def _traditional() -> dict[int, str]:
    """Simplified characters and a traditional one of each."""
    lines = _PAIRS.read_text(encoding="utf-8").splitlines()
    pairs = (pair for line in lines if not line.startswith("#") for pair in line.split())
    return {ord(pair[1]): pair[0] for pair in pairs}
