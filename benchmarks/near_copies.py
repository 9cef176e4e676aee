"""Near copies judged on real texts of 20 to 70 letters: what is found, and what is folded wrongly.

    python -m benchmarks.near_copies FOLDER      # gzip CSV files of texts, with a column `text`

The texts are put into an embedded store; then

- natural copies: every pair of them is compared exactly (all whose character pairs overlap by 0.35
  are read by `is_copy`); which of those pairs does a method find?
- edits: copies made of a sample by the edits that people and accounts make, each looked for in the
  store by the very steps of ingest; and changes that make another statement, which must not fold.

The peer is the method we had: a 64-bit SimHash of character 3-grams, within three bits.
"""

import argparse
import csv
import gzip
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from math import ceil
from pathlib import Path

import numpy as np

from analysis.near_copies import ANY_DISTANCE, are_copies, fingerprint, letters
from domain.mention import Kind, Mention, Platform, Precision
from monitoring.clusters import copies_of
from storage.sqlite.mentions import SqliteMentionStore

BANDS = ((20, 30), (30, 50), (50, 71))
_LIKE = 0.35
_NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
_FEW = "的了是我在人有这他们说中大为上着就都"
_TELLING = "不没无未非别否莫勿难好差坏真假涨跌升降零〇一二三四五六七八九十百千万亿两半"
_TRADITIONAL = str.maketrans("说这么来会国时过还没样对开们发", "說這麼來會國時過還沒樣對開們發")


@dataclass(frozen=True, slots=True)
class Copied:
    """A kind of edit: how it is called, what it makes of a text, whether that is still a copy."""

    name: str
    make: Callable[[str, random.Random], str]
    still: bool = True


def main() -> None:
    """Read the folder, measure, print."""
    parser = argparse.ArgumentParser(prog="benchmarks.near_copies")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--texts", type=int, default=30_000)
    parser.add_argument(
        "--edited", type=int, default=600, help="texts of each length that are edited"
    )
    parser.add_argument("--show", type=int, default=0, help="pairs found, printed for reading")
    parser.add_argument("--seed", type=int, default=7)
    wanted = parser.parse_args()
    chance = random.Random(wanted.seed)
    texts = chance.sample(pool := sorted(_texts(wanted.folder)), min(wanted.texts, len(pool)))
    print(f"{len(texts):,} of {len(pool):,} different texts of 20 to 70 letters")
    _natural(texts, wanted.show, chance)
    _edited(texts, wanted.edited, chance)


def _texts(folder: Path) -> set[str]:
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                counted = letters(row["text"])
                if BANDS[0][0] <= len(counted) < BANDS[-1][1]:
                    found.setdefault(counted, row["text"])
    return set(found.values())


def _natural(texts: Sequence[str], show: int, chance: random.Random) -> None:
    said = [letters(text) for text in texts]
    truth = {pair for pair in _alike(said) if are_copies(said[pair[0]], said[pair[1]])}
    prints = [fingerprint(text) or 0 for text in texts]
    looked_up = {
        (one, other)
        for one, other in _sharing_a_band(prints)
        if (prints[one] ^ prints[other]).bit_count() <= ANY_DISTANCE
    }
    found = {pair for pair in looked_up if are_copies(said[pair[0]], said[pair[1]])}
    hashes = [simhash(text) for text in texts]
    near = set(_within_three_bits(hashes))
    print(f"\nnatural copies: {len(truth)} pairs (every pair compared)")
    print(
        f"{'letters':>10} {'pairs':>6} | {'recall':>7} | {'simhash recall':>15} {'precision':>10}"
    )
    for low, high in (*BANDS, (20, 71)):
        inside = {p for p in truth if low <= min(len(said[p[0]]), len(said[p[1]])) < high}
        of_old = {p for p in near if low <= min(len(said[p[0]]), len(said[p[1]])) < high}
        print(
            f"{low:>6}-{high - 1:<3} {len(inside):>6} | {_share(inside & found, inside):>7} |"
            f" {_share(inside & near, inside):>15} {_share(of_old & truth, of_old):>10}"
        )
    each = 2 * len(looked_up) / len(texts)
    print(f"candidates read a text: {each:.2f}; of them copies: {_share(found, looked_up)}")
    for one, other in chance.sample(sorted(found), min(show, len(found))):
        print(f"\n  {said[one]}\n  {said[other]}")


def _alike(said: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield every pair whose sets of character pairs overlap by 0.35 at least (prefix filter)."""
    grams = [{one[i : i + 2] for i in range(len(one) - 1)} for one in said]
    common = Counter(gram for each in grams for gram in each)
    holders: dict[str, list[int]] = defaultdict(list)
    for place in sorted(range(len(said)), key=lambda place: len(grams[place])):
        rare_first = sorted(grams[place], key=lambda gram: (common[gram], gram))
        prefix = rare_first[: len(rare_first) - ceil(_LIKE * len(rare_first)) + 1]
        for other in {other for gram in prefix for other in holders[gram]}:
            both = len(grams[place] & grams[other])
            if both >= _LIKE * (len(grams[place]) + len(grams[other]) - both):
                yield min(place, other), max(place, other)
        for gram in prefix:
            holders[gram].append(place)


def _sharing_a_band(prints: Sequence[int]) -> Iterator[tuple[int, int]]:
    for shift in (0, 16, 32, 48):
        bands: dict[int, list[int]] = defaultdict(list)
        for place, value in enumerate(prints):
            bands[value >> shift & 0xFFFF].append(place)
        for places in bands.values():
            yield from combinations(places, 2)


def _within_three_bits(prints: Sequence[int]) -> Iterator[tuple[int, int]]:
    for one, other in _sharing_a_band(prints):
        if (prints[one] ^ prints[other]).bit_count() <= 3:
            yield one, other


def simhash(text: str) -> int:
    """Return the peer's fingerprint: SimHash of the character 3-grams, 64 bits."""
    counted = letters(text)
    points = np.frombuffer(counted.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    wide, narrow = np.uint64(42), np.uint64(21)
    words = np.unique((points[:-2] << wide) | (points[1:-1] << narrow) | points[2:])
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        words ^= words >> np.uint64(shift)
        words *= np.uint64(factor)
    bits = np.unpackbits(words.view(np.uint8)).reshape(-1, 64)
    majority = bits.sum(axis=0, dtype=np.int64) * 2 > len(words)
    return int.from_bytes(np.packbits(majority).tobytes(), "big")


def _replaced(text: str, chance: random.Random, count: int) -> str:
    signs = list(text)
    plain = [place for place, sign in enumerate(signs) if sign.isalpha() and sign not in _TELLING]
    for place in chance.sample(plain, min(count, len(plain))):
        signs[place] = chance.choice(_FEW)
    return "".join(signs)


def _number_changed(text: str, chance: random.Random) -> str:
    places = [place for place, sign in enumerate(text) if sign in "123456789"]
    if not places:
        return ""
    place = chance.choice(places)
    other = str((int(text[place]) + chance.randrange(1, 9) - 1) % 9 + 1)
    return text[:place] + other + text[place + 1 :]


def _turned(text: str, chance: random.Random) -> str:
    for word, turned in (("不", ""), ("没有", "有"), ("好", "坏"), ("难", "好")):
        places = [p for p in range(3, len(text) - 4) if text.startswith(word, p)]
        if places:
            place = chance.choice(places)
            return text[:place] + turned + text[place + len(word) :]
    return ""


EDITS = (
    Copied(
        "hashtags, emoticons, @names after it", lambda t, _: f"{t} #云栈奶茶# [怒][怒]😡 @云栈 "
    ),
    Copied("a forward's words before it", lambda t, _: f"转发：//@路人甲:{t}"),
    Copied("a call before it (8 letters)", lambda t, _: f"求扩散帮忙转一下！{t}"),
    Copied("a remark after it (12 letters)", lambda t, _: f"{t} 大家怎么看这件事情啊离谱"),
    Copied("cut to four fifths", lambda t, _: t[: ceil(len(t) * 0.8)]),
    Copied("cut to three fifths", lambda t, _: t[: ceil(len(t) * 0.6)]),
    Copied("traditional characters", lambda t, _: t.translate(_TRADITIONAL)),
    Copied("one letter replaced", lambda t, c: _replaced(t, c, 1)),
    Copied("two letters replaced", lambda t, c: _replaced(t, c, 2)),
    Copied("a tenth replaced", lambda t, c: _replaced(t, c, ceil(len(t) / 10))),
    Copied("a digit replaced by another", _number_changed, still=False),
    Copied("a negation dropped or a word turned", _turned, still=False),
)


def _edited(texts: Sequence[str], count: int, chance: random.Random) -> None:
    """Print, by edit and length, how many of the edited texts fold with their originals."""
    mentions = {f"weibo:{n}": _mention(f"weibo:{n}", text) for n, text in enumerate(texts)}
    by_length = [
        [m for m in mentions.values() if low <= len(letters(m.text)) < high] for low, high in BANDS
    ]
    print(f"\nedited copies folded with their originals, and with SimHash (of {count} each)")
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteMentionStore(Path(folder) / "mentions.sqlite")
        store.add(mentions.values())
        began, asked = time.process_time(), 0
        for edit in EDITS:
            shares = []
            for group in by_length:
                ours, peer, made = _folded(store, edit, group, count, chance)
                asked += made
                shares.append(f"{_part(ours, made)} {_part(peer, made)} ({made})")
            kind = "" if edit.still else "   must not"
            print(f"{edit.name:>38}: {' | '.join(shares)}{kind}")
        took = (time.process_time() - began) / max(1, asked)
        print(f"\n{1000 * took:.2f} ms of CPU a text, in batches of 100, among {len(texts):,}")
        store.close()


def _folded(
    store: SqliteMentionStore,
    edit: Copied,
    group: Sequence[Mention],
    count: int,
    chance: random.Random,
) -> tuple[int, int, int]:
    ours = peer = 0
    made: list[tuple[Mention, Mention]] = []
    for mention in chance.sample(group, len(group)):
        text = edit.make(mention.text, chance)
        if len(made) < count and _is_fair(edit, mention.text, text):
            made.append((mention, _mention(f"copy-{mention.id}", text)))
    for first in range(0, len(made), 100):
        part = made[first : first + 100]
        found: Mapping[str, set[str]] = defaultdict(set)
        with_print = [copy for _, copy in part if copy.fingerprint is not None]
        for copy, hit in copies_of(store, with_print):
            found[copy.id].add(hit.mention_id)
        for mention, copy in part:
            ours += mention.id in found[copy.id]
            if len(letters(copy.text)) > 3:
                peer += (simhash(mention.text) ^ simhash(copy.text)).bit_count() <= 3
    return ours, peer, len(made)


def _is_fair(edit: Copied, before: str, after: str) -> bool:
    """Whether the edit changed a letter, where it should make another statement, and a copy that
    was cut is still half of its original.
    """
    one, other = letters(before), letters(after)
    if not edit.still:
        return bool(after) and one != other
    return 2 * len(other) >= len(one) and len(other) >= 12


def _mention(mention_id: str, text: str) -> Mention:
    return Mention(
        id=mention_id,
        platform=Platform.WEIBO,
        kind=Kind.POST,
        url="",
        text=text,
        published_at=_NOW - timedelta(minutes=len(mention_id) * len(text) % 10_000),
        published_precision=Precision.MINUTE,
        collected_at=_NOW,
        first_seen_at=_NOW,
        source="bench",
        fingerprint=fingerprint(text),
    )


def _share(part: set[tuple[int, int]], whole: set[tuple[int, int]]) -> str:
    return _part(len(part), len(whole))


def _part(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "—"


if __name__ == "__main__":
    main()
