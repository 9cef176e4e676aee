"""What a newcomer's first configuration says: the invented company, its five local sources, and
the pages that are followed beside them.
"""

from datetime import timedelta

from demo.people import OWN_NAMES, OWN_UID
from demo.phrases import BRAND, COMPETITOR, PATH
from demo.world import question_id
from domain.brand import (
    Brand,
    Configuration,
    Follow,
    FollowKind,
    OwnAccount,
    Recipient,
    Source,
    Transport,
    Watch,
    WatchRule,
)
from domain.mention import Platform

EVERY = timedelta(minutes=5)
QUESTION = "如何在家做出云栈奶茶的味道？"
"""The question that is followed: one of calm days."""


def demo_configuration(
    weibo_url: str, zhihu_url: str, tieba_url: str, weibo_wall_url: str, tieba_app_url: str
) -> Configuration:
    """Return brands, one watch, its sources and a recipient; the urls are those of the demo."""
    company = Brand(
        id="yunzhan",
        name=BRAND,
        aliases=("云栈茶饮", "云栈奶茶"),
        own_accounts=(OwnAccount(Platform.WEIBO, OWN_UID, OWN_NAMES[Platform.WEIBO]),),
    )
    competitor = Brand(id="banshan", name=COMPETITOR, aliases=("半山茶",))
    sources = (
        _source("weibo-search", Platform.WEIBO, weibo_url),
        _source("weibo-hot", Platform.WEIBO, weibo_wall_url),
        _source("zhihu-search", Platform.ZHIHU, zhihu_url, Transport.BROWSER),
        _source("tieba-search", Platform.TIEBA, tieba_url),
        _source("tieba-app", Platform.TIEBA, tieba_app_url, Transport.BROWSER),
        _source("weibo-account", Platform.WEIBO, weibo_url, spider="weibo_account"),
        _source("zhihu-question", Platform.ZHIHU, zhihu_url, spider="zhihu_question"),
        _source("tieba-forum", Platform.TIEBA, tieba_url, spider="tieba_forum"),
    )
    watch = Watch(
        id="yunzhan-koubei",
        name="云栈口碑",
        brand_ids=(company.id,),
        queries=(BRAND,),
        source_ids=tuple(source.id for source in sources),
        # PATH and not 云栈道: the shorter word would also throw away 云栈道歉.
        rule=WatchRule(any_words=company.words, none_words=(PATH,)),
        backfill=timedelta(days=8),
        follows=(
            Follow(Platform.WEIBO, FollowKind.ACCOUNT, OWN_UID, OWN_NAMES[Platform.WEIBO]),
            Follow(Platform.ZHIHU, FollowKind.QUESTION, question_id(QUESTION), QUESTION),
            Follow(Platform.TIEBA, FollowKind.FORUM, BRAND),
        ),
    )
    duty = Recipient(id="duty", name="值班长", address="duty@example.invalid")
    return Configuration(
        brands=(company, competitor), watches=(watch,), sources=sources, recipients=(duty,)
    )


def _source(
    source_id: str,
    platform: Platform,
    base_url: str,
    transport: Transport = Transport.HTTP,
    *,
    spider: str = "",
) -> Source:
    return Source(
        id=source_id,
        spider=spider or f"{platform.value}_search",
        platform=platform,
        transport=transport,
        base_url=base_url,
        every=EVERY,
    )
