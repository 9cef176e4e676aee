"""What a key says of its value: whose name, which id, whose secret. JSON keys, the names of HTML
attributes and of variables in scripts alike, in any of their spellings (`screen_name`,
`screenName`, `nick-name`).
"""

import re

_SPLIT = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")

_NAMES = frozenset(
    [
        "screen_name",
        "nick",
        "nickname",
        "nick_name",
        "user_name",
        "username",
        "uname",
        "name_show",
        "show_nickname",
        "showname",
        "author",
        "author_name",
        "author_nickname",
        "fullname",
        "full_name",
        "real_name",
        "remark",
        "user_nickname",
        "show_name",
        "un",
        "owner_name",
        "member_name",
        "actor_name",
    ]
)
_OF_PEOPLE = frozenset(
    [
        "user",
        "author",
        "member",
        "owner",
        "actor",
        "people",
        "person",
        "creator",
        "reply_to_author",
        "status_user",
        "users",
        "user_list",
        "authors",
        "reply_user",
        "to_user",
        "from_user",
        "voter",
        "answerer",
        "asker",
    ]
)
_PEOPLE_HAVE = frozenset(
    [
        "url_token",
        "urltoken",
        "avatar_url",
        "avatarurl",
        "portrait",
        "profile_image_url",
        "avatar_hd",
        "headline",
        "is_org",
        "name_show",
        "followers_count",
        "verified_type",
        "profile_url",
    ]
)
_SECRETS = frozenset(
    [
        "token",
        "access_token",
        "xsrf",
        "csrf",
        "_xsrf",
        "csrf_token",
        "xsrf_token",
        "x_xsrftoken",
        "tbs",
        "bduss",
        "stoken",
        "ptoken",
        "ticket",
        "cookie",
        "cookies",
        "session",
        "sessionid",
        "session_id",
        "sid",
        "sessiontoken",
        "session_token",
        "d_c0",
        "z_c0",
        "q_c1",
        "sub",
        "subp",
        "sup",
        "alf",
        "ssologinstate",
        "sign",
        "signature",
        "sig",
        "secret",
        "password",
        "passwd",
        "auth",
        "authorization",
        "key",
        "apikey",
        "api_key",
        "nonce",
        "st",
        "x_zse_96",
        "x_zse_93",
        "zse_ck",
        "device_id",
        "deviceid",
        "client_id",
        "clientid",
        "cuid",
        "udid",
        "imei",
        "idfa",
        "oaid",
        "fingerprint",
        "logid",
        "log_id",
        "request_id",
        "requestid",
        "traceid",
        "trace_id",
        "search_hash_id",
        "attached_info",
        "attached_info_bytes",
        "extra_attached_info",
        "itemid_token",
        "spm",
        "rid",
        "experiment",
        "scene_token",
        "zap",
        "_zap",
        "baiduid",
        "baidu_id",
        "wm_token",
        "auth_token",
        "login_token",
        "captcha_ticket",
        "client_ip",
        "clientip",
    ]
)
_VIEWER = frozenset(
    [
        "current_user",
        "currentuser",
        "viewer",
        "login_user",
        "loginuser",
        "me",
        "myself",
        "self_user",
        "$config",
        "current_account",
        "logged_in_user",
        "operator",
    ]
)
_PERSONAL = frozenset(
    [
        "description",
        "descr",
        "signature",
        "intro",
        "introduction",
        "birthday",
        "gender",
        "sex",
        "location",
        "domain",
        "weihao",
        "verified_reason",
        "verified_reason_url",
        "school",
        "company",
        "education",
        "employments",
        "educations",
        "business",
        "email",
        "mail",
        "phone",
        "mobile",
        "telephone",
        "address",
        "locations",
        "headline",
        "badge",
        "badge_v2",
        "city",
        "province",
        "constellation",
        "domain_name",
        "weibo_id",
        "sina_weibo_url",
        "hometown",
        "age",
    ]
)
_IP = frozenset(["ip_location", "region_name", "ip_info", "ip_address", "ipinfo", "ip_text", "ip"])
_TIMES = re.compile(
    r"(?:^|_)(?:time|created|updated|date|at|timestamp|published|edited|modified|expires|ts)(?:_|$)"
)
_IDS = re.compile(
    r"(?:^|_)(?:id|ids|idstr|uuid|entityid|cardid|mid|mids|uid|uids|oid|pid|tid|fid|cid|spid|qid|aid|bid|mblogid|portrait"
    r"|urltoken|itemid|rootid|hash|hashid|unionid|lzl|floorid|tids)(?:_|$)|(?:^|_)url_token$"
)
_COUNTS = re.compile(r"(?:^|_)(?:count|counts|num|number|total|size|width|height|length)(?:_|$)")


_SAYS_WORDS = """
    text text_raw content content_html title excerpt excerpt_area name mention word words summary
    body note long_text_content longtextcontent topic_title origin_text raw_text abstract label desc
    page_title content1 content2 query
"""
_SAYS = frozenset(_SAYS_WORDS.split())


def says(key: str) -> bool:
    """Whether the value is what somebody wrote, also where it looks like a plain code."""
    return key in _SAYS


def spelled(key: str) -> str:
    """Return a key in one spelling: `screenName` and `data-screen-name` are `screen_name`."""
    parts = [part.lower() for part in _SPLIT.split(key) if part]
    if parts[:1] == ["data"] and len(parts) > 1:
        parts = parts[1:]
    return "_".join(parts) if parts else key.lower()


def is_name(key: str, around: "Around") -> bool:
    """Whether the value names a person."""
    return key in _NAMES or (key in {"name", "title_name"} and around.is_person)


def is_secret(key: str) -> bool:
    """Whether the value is one that only the viewer's session has."""
    return key in _SECRETS or (
        key.endswith(("_token", "_ticket", "_sign", "_signature")) and (key != "url_token")
    )


def is_viewer(key: str) -> bool:
    """Whether everything below is about who looks at the page."""
    return key in _VIEWER


def is_personal(key: str, around: "Around") -> bool:
    """Whether the value describes a person."""
    return around.is_person and key in _PERSONAL


def is_ip(key: str) -> bool:
    """Whether the value is an IP place."""
    return key in _IP


def is_time(key: str) -> bool:
    """Whether the value is a time."""
    return bool(_TIMES.search(key))


def is_id(key: str) -> bool:
    """Whether the value leads to a person or a post."""
    return bool(_IDS.search(key)) and not (_COUNTS.search(key) or is_time(key))


class Around:
    """Where a value stands: the key above its object, and the keys beside it."""

    def __init__(self, above: str = "", beside: frozenset[str] = frozenset()) -> None:
        self.is_person = above in _OF_PEOPLE or not beside.isdisjoint(_PEOPLE_HAVE)
