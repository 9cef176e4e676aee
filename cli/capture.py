"""`koubei capture`: a page that somebody saw becomes a fixture that may be committed."""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.moments import moment_option
from cli.opening import load_settings_of_a_service, open_existing
from cli.terminal import EXIT_FAILED, EXIT_PARTIAL, complain, language, out, pick, say
from domain.errors import ConfigurationError, Text
from domain.mention import Platform
from runtime.extras import require

if TYPE_CHECKING:
    from crawlers.captures.fixture import Capture
    from crawlers.captures.saved import SavedPage
    from domain.brand import Source

_FIXTURES: Final = Path("tests/fixtures/pages")
_ELSEWHERE: Final = Path("captures")
_KINDS: Final = {
    "secret": Text("登录凭据、令牌、签名", "cookies, tokens, signatures"),
    "viewer": Text("浏览者本人的身份", "identity of the viewer"),
    "name": Text("作者与被提到的人名", "names of people"),
    "id": Text("用户、帖子与请求的编号", "ids of people, posts, requests"),
    "personal": Text("个人简介等资料", "descriptions of people"),
    "picture": Text("头像与图片地址", "addresses of pictures"),
    "contact": Text("电话、邮箱、证件号", "telephones, mail addresses"),
    "ip": Text("IP 属地", "IP places"),
    "text": Text("正文与标题里的词句", "words of texts and titles"),
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "capture",
        help="把看到的页面去除个人信息，存为测试样例。Make a page a fixture, scrubbed.",
    )(capture)


def capture(
    page: Annotated[
        str,
        typer.Argument(
            metavar="URL|FILE",
            help="页面地址，或保存的文件（html、json、mhtml、har）。Address, or saved file.",
        ),
    ],
    platform: Annotated[
        Platform, typer.Option("--platform", "-p", help="页面属于哪个平台。Whose page it is.")
    ],
    target: Annotated[
        Path | None,
        typer.Option("--out", help="放样例的目录。Folder of the fixtures."),
    ] = None,
    url: Annotated[str, typer.Option(help="文件里的页面的地址。Address of a saved page.")] = "",
    fetched_at: Annotated[
        str | None,
        typer.Option(
            metavar="T",
            help="抓取时间，无时区为北京时间。When it was fetched; else what the file tells.",
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="按哪个来源的规则去取。Under the rules of which source.")
    ] = None,
    entry: Annotated[
        int | None, typer.Option(help="HAR 里的第几个页面。Which page of a HAR file.")
    ] = None,
    keep_text: Annotated[
        bool,
        typer.Option("--keep-text", help="保留原文，不得提交。Keep what people wrote."),
    ] = False,
    strip_ip: Annotated[
        bool, typer.Option("--strip-ip", help="连 IP 属地一并去除。Take IP places out, too.")
    ] = False,
) -> None:
    """Take what belongs to people out of one page and store it with what the reader says of it.

    Exit 1 when somebody would still be in it (nothing is stored), 3 when the layout is unknown or
    the page reads otherwise than before: then a person has to look closer.
    """
    require("crawl")
    moment = moment_option(fetched_at)
    if page.startswith(("http://", "https://")):
        pages = [_fetch(page, platform, source)]
    else:
        pages = _open(Path(page), entry)
    made = _scrub(pages, platform, url, moment, keep_text=keep_text, strip_ip=strip_ip)
    if made.leaks:
        _refuse(made)
    from crawlers.captures.fixture import write

    folder = write(made, target or (_FIXTURES if _FIXTURES.is_dir() else _ELSEWHERE))
    _tell(made, folder, keep_text=keep_text)
    if not made.is_whole or made.after is None:
        raise typer.Exit(EXIT_PARTIAL)


def _open(path: Path, entry: int | None) -> "list[SavedPage]":
    from crawlers.captures.saved import open_saved

    pages = open_saved(path)
    if entry is None:
        return pages
    chosen = [each for each in pages if each.label.startswith(f"#{entry} ")]
    if not chosen:
        known = "、".join(each.label for each in pages) or "—"
        raise ConfigurationError(
            Text(f"没有第 {entry} 个页面", f"there is no page {entry}"),
            place="--entry",
            mend=Text(f"有：{known}", f"there are: {known}"),
        )
    return chosen


def _fetch(address: str, platform: Platform, source_id: str | None) -> "SavedPage":
    from crawlers.captures.one_page import fetch_one
    from crawlers.captures.saved import SavedPage

    with open_existing(load_settings_of_a_service()) as services:
        with services.begin_work() as work:
            _, configuration = work.configuration.current()
        allowed = services.settings.crawl.allowed_hosts
        source = _source_for(configuration.sources, address, platform, source_id, allowed)
        got = fetch_one(services, source, address)
    return SavedPage(got.body, got.url, got.status, got.fetched_at)


def _source_for(
    sources: "Sequence[Source]",
    address: str,
    platform: Platform,
    source_id: str | None,
    allowed: Sequence[str],
) -> "Source":
    """Return the source under whose rules an address may be asked for."""
    from crawlers.guard import AddressPolicy
    from domain.brand import Transport
    from domain.errors import AddressRefused

    able: list[Source] = []
    for source in sources:
        if source.platform is not platform or source_id not in {None, source.id}:
            continue
        with suppress(AddressRefused):
            AddressPolicy.for_source(source, allowed).check_url(address)
            able.append(source)
    over_http = [source for source in able if source.transport is Transport.HTTP]
    if over_http:
        return over_http[0]
    if able:
        raise _browser_only(able[0])
    raise ConfigurationError(
        Text("没有来源可以访问这个地址", "no source may ask for this address"),
        place=address.partition("?")[0],
        mend=Text(
            "在浏览器里保存页面，再 koubei capture 文件；或先配置这个平台的来源",
            "save it in a browser and give the file; or configure a source of that platform",
        ),
    )


def _browser_only(source: "Source") -> ConfigurationError:
    """What a browser shows there, or its page calls for, is not what a plain request would get."""
    return ConfigurationError(
        Text(
            "这个来源用浏览器读取，而这里只会发普通 HTTP 请求，取到的不会是它读到的页面",
            "this source is read in a browser, and a plain request, all that is sent here, "
            "would not get the page that it reads",
        ),
        place=source.id,
        mend=Text(
            "在浏览器里打开这个地址，保存网页（.mhtml）；内容由页面自己请求的，"
            "在开发者工具「网络」中导出 HAR。再运行 koubei capture 文件",
            "open the address in a browser and save the page (.mhtml); where the page asks for its "
            "content itself, export a HAR from the network tab of its tools; then "
            "koubei capture FILE",
        ),
    )


def _scrub(
    pages: "Sequence[SavedPage]",
    platform: Platform,
    url: str,
    moment: datetime | None,
    *,
    keep_text: bool,
    strip_ip: bool,
) -> "Capture":
    """Return the capture of the page that is read best; of several, say which one it is."""
    from crawlers.captures.fixture import read_or_missing, scrub_page
    from crawlers.pages.document import Document

    key, now = secrets.token_bytes(32), datetime.now(UTC).replace(microsecond=0)

    def worth(saved: "SavedPage") -> int:
        document = Document(saved.body, saved.url, saved.status, moment or saved.fetched_at or now)
        read, missing = read_or_missing(document, platform)
        if read is None:
            return 0 if missing is None or missing.surface == platform.value else 1
        return 2 + len(read.mentions) if read.mentions else int(read.state == "empty")

    chosen = max(pages, key=worth) if len(pages) > 1 else pages[0]
    if chosen.label:
        say(f"HAR 中读取 {chosen.label}（共 {len(pages)} 个页面，可用 --entry 另选）",
            f"of the HAR: {chosen.label} ({len(pages)} pages; --entry takes another)")  # fmt: skip
    at = moment or chosen.fetched_at
    # relative times count back from it: a whole second, as it is written down
    at = at.replace(microsecond=0) if at else None
    if at is None:
        say(
            "! 文件没有说抓取时间，「5 分钟前」之类按现在计；可用 --fetched-at 指定",
            "! the file does not tell when it was fetched: now is taken; --fetched-at says",
        )
    return scrub_page(
        chosen.body,
        platform=platform,
        url=url or chosen.url,
        status=chosen.status,
        fetched_at=at or now,
        key=key,
        keep_text=keep_text,
        strip_ip=strip_ip,
    )


def _refuse(made: "Capture") -> None:
    complain(
        "✗ 仍能认出原来的人或凭据，没有写出任何文件：",
        "✗ somebody, or a secret, can still be recognised; nothing was written:",
    )
    for leak in dict.fromkeys(made.leaks):
        out().print(f"  {leak} × {made.leaks.count(leak)}")
    raise typer.Exit(EXIT_FAILED)


def _tell(made: "Capture", folder: Path, *, keep_text: bool) -> None:
    lang = language()
    out().print(f"✓ {folder}")
    say("已去除：", "Taken out:")
    for kind, words in _KINDS.items():
        number = sum(count for taken, count in made.counts.items() if taken.value == kind)
        if number:
            out().print(f"  {words.in_language(lang)}  {number}")
    if made.after is not None:
        own = [mention for mention in made.after.mentions if not mention.embedded]
        state = f"{made.after.page} {made.after.state.value}"
        say(f"读取结果：{state}，{len(own)} 条提及", f"Reads as: {state}, {len(own)} mentions")
    elif made.missing is not None:
        say(
            f"! 版式未知：{made.missing.surface} 找不到「{made.missing.field}」，"
            "expected.json 须由人写出",
            f"! unknown layout: {made.missing.surface} has no {made.missing.field!r}; "
            "write expected.json by hand",
        )
    for difference in made.differences:
        say(f"! 与原页读出的不同：{difference}", f"! reads otherwise than the page: {difference}")
    say("提交前请人工查看：", "Before it is committed, a person looks at:")
    for each in _to_look_at(keep_text=keep_text):
        out().print(f"  · {pick(each.zh, each.en)}")


def _to_look_at(*, keep_text: bool) -> list[Text]:
    looks = [
        Text("page.* 里没有认得出的人、昵称、图片与链接", "nobody is recognisable in page.*"),
        Text(
            "expected.json 与你看到的页面逐条相符，然后删去 review 一行",
            "expected.json says what you saw, mention by mention; then delete its line review",
        ),
    ]
    if keep_text:
        looks.append(
            Text("原文仍在：只留在本机，不得提交", "texts are in it: it must not be committed")
        )
    return looks
