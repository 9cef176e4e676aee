"""What the fields of a found mention are called."""

from typing import Final

from domain.errors import Text

NAMES_OF_FIELDS: Final = {
    "id": Text("平台编号", "native id"),
    "platform": Text("平台", "platform"),
    "kind": Text("类型", "kind"),
    "url": Text("链接", "address"),
    "text": Text("正文", "text"),
    "published_at": Text("发布时间", "time"),
    "published_precision": Text("时间精度", "precision of the time"),
    "bid": Text("第二编号", "second id"),
    "title": Text("标题", "title"),
    "author": Text("作者", "author"),
    "author_uid": Text("作者编号", "author's uid"),
    "stirred_at": Text("最近回复时间", "time of the last reply"),
    "parent_id": Text("上级编号", "parent id"),
    "root_id": Text("主题编号", "root id"),
    "repost_of": Text("转发自", "repost of"),
    "edited_at": Text("编辑时间", "edited at"),
    "ip_location": Text("IP 属地", "IP place"),
    "client": Text("客户端", "client"),
    "likes": Text("点赞数", "likes"),
    "comments": Text("评论数", "comments"),
    "reposts": Text("转发数", "reposts"),
    "views": Text("阅读数", "views"),
    "forum": Text("吧名", "forum"),
    "topic": Text("话题", "topic"),
    "embedded": Text("是否嵌在他文中", "embedded"),
}
"""By the name in `domain.page.FoundMention`."""
