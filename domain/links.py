"""What somebody pastes: a link, often in the middle of a share text, read into one normal form.

Two people who report one post paste different things: the phone's address, the desktop's, one with
the sharer's name in its query. The normal form is the same for all of them, and where the platform
is read here, it names the mention. Nothing is fetched: a short address (t.cn) stays what it is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from domain.hosts import is_private, normal_host
from domain.mention import UNSTORABLE
from domain.weibo_ids import bid_of, mid_of

LONGEST_PASTE = 4000
LONGEST_LINK = 2000


class Place(StrEnum):
    """Where something was seen; the first three are read by Koubei itself."""

    WEIBO = "weibo"
    ZHIHU = "zhihu"
    TIEBA = "tieba"
    WECHAT = "wechat"
    QQ = "qq"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Link:
    """A pasted link. `url` is its normal form, `mention_ids` what the mention may be called in the
    store, likeliest first, `key` equal for every way to write the same link.
    """

    url: str
    place: Place
    mention_ids: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The mention where it is known, else the address."""
        return self.mention_ids[0] if self.mention_ids else self.url


_ADDRESS = re.compile(
    r"(?:https?://|(?<![\w.@/-])(?=(?:[a-z0-9-]+\.){1,4}(?:com|cn|net|org)/))[!-~]{4,2000}", re.I
)
_END = re.compile(r"[.,;:!?'\")\]}>]+$")
_PLACES = (
    (re.compile(r"(?:^|\.)(?:weibo\.com|weibo\.cn|t\.cn)$"), Place.WEIBO),
    (re.compile(r"(?:^|\.)zhihu\.com$"), Place.ZHIHU),
    (re.compile(r"^tieba\.baidu\.com$|(?:^|\.)tieba\.com$"), Place.TIEBA),
    (re.compile(r"(?:^|\.)weixin\.qq\.com$|(?:^|\.)wechat\.com$"), Place.WECHAT),
    (re.compile(r"(?:^|\.)qq\.com$"), Place.QQ),
)
_SHARER = re.compile(
    r"^(?:utm_.*|spm.*|from.*|share.*|sharer.*|wx.*|is_.*|timestamp|sudaref|display|retcode|scene|"
    r"refer.*|weibo_id|isappinstalled|nsukey|clicktime|enterid|src|source|fr|frwh|lp|sfc|st|client_.*|"
    r"unique|mobile_.*|hmsr|ivk_sa|sessionid|ref|tdsourcetag|pass_ticket|ascene|devicetype|version|"
    r"nettype|abtest_cookie|lang|exportkey|session_us|countrycode)$",
    re.I,
)
"""Query keys that tell who shared, not what: they name a person and split one post into many."""

_WEIBO_PATH = re.compile(
    r"/(?:detail|status|statuses/show|\d{5,12}|u/\d{5,12})/([0-9A-Za-z]{5,19})/?"
)
_WEIBO_USER = re.compile(r"/(\d{5,12})/[0-9A-Za-z]{5,19}/?")
_ZHIHU_PATHS = (
    (re.compile(r"(?:/question/\d{1,20})?/answer/(\d{1,20})/?"), "answer"),
    (re.compile(r"/p/(\d{1,20})/?"), "article"),
    (re.compile(r"/(?:pin|zvideo|question)/(\d{1,20})/?"), ""),
)
_TIEBA_PATH = re.compile(r"/p/(\d{1,20})/?")


def read_link(pasted: str) -> Link | None:
    """Return the first public web address in a pasted text, None when there is none.

    Addresses with a user name, of private hosts, or longer than 2,000 characters are none.
    """
    for text in _addresses(pasted[:LONGEST_PASTE]):
        if (parts := _parts(text)) is not None:
            return _read(parts)
    return None


def _addresses(pasted: str) -> Iterator[str]:
    for match in _ADDRESS.finditer(UNSTORABLE.sub("", pasted)):
        address = _END.sub("", match[0])
        yield address if "://" in address[:8] else f"https://{address}"


def _parts(address: str) -> SplitResult | None:
    if len(address) > LONGEST_LINK or "\\" in address:
        return None
    try:
        parts = urlsplit(address)
        host = normal_host(parts)
        usable = parts.port in {None, 80, 443} and not parts.username and "." in host
    except ValueError:
        return None
    return parts if usable and not is_private(host) else None


def _read(parts: SplitResult) -> Link:
    host = normal_host(parts)
    place = next((place for pattern, place in _PLACES if pattern.search(host)), Place.OTHER)
    read = {Place.WEIBO: _weibo, Place.ZHIHU: _zhihu, Place.TIEBA: _tieba}.get(place)
    known = read(parts) if read else None
    return known or Link(_plain(parts, host), place)


def _plain(parts: SplitResult, host: str) -> str:
    kept = [(k, v) for k, v in parse_qsl(parts.query) if not _SHARER.match(k)]
    query = f"?{urlencode(kept)}" if kept else ""
    return f"https://{host}{parts.path.rstrip('/') or '/'}{query}"


def _weibo(parts: SplitResult) -> Link | None:
    found = _WEIBO_PATH.fullmatch(parts.path)
    if found is None:
        return None
    name = found[1]
    mid = name if name.isdigit() and len(name) >= 12 else mid_of(name)
    if mid is None:
        return None
    user = _WEIBO_USER.fullmatch(parts.path)
    url = (
        f"https://weibo.com/{user[1]}/{bid_of(mid)}" if user else f"https://m.weibo.cn/detail/{mid}"
    )
    return Link(url, Place.WEIBO, (f"weibo:{mid}",))


def _zhihu(parts: SplitResult) -> Link | None:
    for pattern, word in _ZHIHU_PATHS:
        if found := pattern.fullmatch(parts.path):
            word = word or parts.path.split("/")[1]
            if word == "article":
                url = f"https://zhuanlan.zhihu.com/p/{found[1]}"
            else:
                url = f"https://www.zhihu.com{parts.path.rstrip('/')}"
            return Link(url, Place.ZHIHU, (f"zhihu:{word}:{found[1]}",))
    return None


def _tieba(parts: SplitResult) -> Link | None:
    found = _TIEBA_PATH.fullmatch(parts.path)
    if found is None:
        return None
    asked = dict(parse_qsl(parts.query))
    floor, reply = asked.get("pid", "0"), asked.get("cid", "0")
    native = next((n for n in (reply, floor) if n.isdigit() and int(n)), found[1])
    url = f"https://tieba.baidu.com/p/{found[1]}"
    if native != found[1]:
        url += f"?pid={floor}&cid={reply if reply.isdigit() else 0}"
    return Link(url, Place.TIEBA, (f"tieba:{native}",))
