"""Words that belong to the platforms and not to anybody: they stay, because readers look for them.

What stays between them are times, counts with their unit, and emoticons. Everything else that a
page says was said by a person.
"""

import re

_INTERFACE_WORDS = """
    作者 万 亿 億 萬 万亿
    下一页 下页 不可见 不存在 专栏 主题作者 举报 人机验证 今天 修改 全文 其他 出错了
    分钟 刚刚 刚才 删除 前天 前方有点拥堵 前方有 拥堵 博主 原文 发布 发布于 发表 可能已被删除
    回复 回复于 回答 太快 操作太快 安全验证 客户端 小时 尚未建立 展开 展开全文 展示 属地 已经
    已被 已赞同 微博 微博不存在 微博搜索 微博热搜 快来 您的 您浏览的主题已不存在 想法 成功 手机
    找到 抢沙发 抱歉 播放 收起 收起全文 数据 内容 数据加载失败 文章 新浪通行证 无法 无法显示
    无法查看 无法访问 无结果 昨天 显示 暂不开放 暂无 暂无评论 暂时不能访问 更新 木有找到相关内容
    未予 未找到 未知 未知属地 条评论 来自 来自来自 查看 查看权限 楼主 楼层可能已被删除 歇歇
    没找到 没有找到 没有知识存在的荒原 没有评论 没有 法律法规 浏览器 用户 登录 登录后 登陆
    百度安全验证 的微博 知乎 社区公约 秒钟 管理员 粉丝 精选 系统 编辑 编辑于 网络不给力 网页
    被合并 被隐藏 观看 视频 设置 访客系统 访问 访问的 评论 请先 请先登录 请稍后重试 账号 资源 赞
    赞同 超话 转发 转发了 转发理由 转赞人数 还没有 还没有人 还没有内容 问题 阅读 阅读全文 防护
    需要登录 页面 频繁 验证码 不能 暂无数据 你似乎来到了没有知识存在的荒原 请求 操作 搜索 过于
    暂时 封禁 关闭 合并 要找的吧 贴吧 百度贴吧 全部回复 图片 身份未 请输入验证码 完成 安全 人机 验证
    结果 不予 广告 热推 的资料 的相册 的粉丝 的关注 稍后再试 发过微博 没有微博 添加评论
"""
INTERFACE = frozenset(_INTERFACE_WORDS.split())
"""What page readers look for; a test compares it with their source."""

_ALONE_WORDS = """
    之 于 先 千 吧 天 子 小 年 抢 数 日 月 本 未 楼 次 点 前 分 秒 第 被 太 该 请 贴 帖 量 钟 已 您
    年月日
"""
ALONE = frozenset(_ALONE_WORDS.split())
"""Readers look for these beside a number or another word; `_KEPT` keeps them there."""

_PLACES_WORDS = """
    北京 天津 河北 山西 内蒙古 辽宁 吉林 黑龙江 上海 江苏 浙江 安徽 福建 江西 山东 河南 湖北
    湖南 广东 广西 海南 重庆 四川 贵州 云南 西藏 陕西 甘肃 青海 宁夏 新疆 中国香港 香港 中国澳门
    澳门 中国台湾 台湾 海外 美国 日本 韩国 英国 加拿大 澳大利亚 新加坡 马来西亚 德国 法国
"""
PLACES = frozenset(_PLACES_WORDS.split())
"""What stands for an IP place; kept unless asked."""

_TIMES = r"""
    \d{4}\s?[-/.年]\s?\d{1,2}\s?(?:[-/.月]\s?\d{1,2}\s?日?)?(?:\s?T?\s?\d{1,2}:\d\d(?::\d\d)?)?
    (?:\.\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?
  | \d{1,2}\s?月\s?\d{1,2}\s?日(?:\s?\d{1,2}:\d\d)?
  | (?<!\d)\d{1,2}-\d{1,2}(?!\d)(?:\s\d{1,2}:\d\d)?
  | (?:今天|昨天|前天)?\s?(?<!\d)\d{1,2}:\d\d(?::\d\d)?(?!\d)
  | \d{1,4}\s?(?:秒钟?|分钟?|个?小时|天|周|个?月|年)\s?(?:之?前)?
  | (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\s\w{3}\s\d{1,2}\s[\d:]{8}\s[+-]\d{4}\s\d{4}
"""
_COUNTS = r"""
    \d[\d,]{0,12}(?:\.\d{1,3})?\s?(?:万亿|亿|億|万|萬|千|[wWkK](?![A-Za-z]))\s?\+?\s?(?:次|人|条|个)?
  | \d{1,9}\s?[+]?\s?(?:次|人)(?=播放|观看|赞同|阅读|浏览)
  | \[\d{1,9}\]
  | (?:赞同?|转发|评论|回复|阅读|播放|观看|浏览)\s?[\[(（:：]?\s?\d{1,9}(?!\d)
  | 第\s?\d{1,6}\s?(?:页|楼)
  | \d{1,6}\s?(?:楼|页|条|次|人|个|回复)
  | 共\s?\d{1,5}\s?(?:页|条)
"""
_WORDS = "|".join(sorted(map(re.escape, INTERFACE), key=len, reverse=True))
_LOCATIONS = "|".join(sorted(map(re.escape, PLACES), key=len, reverse=True))
_EMOTICON = r"\[(?:[\u4e00-\u9fff~？?！!·A-Za-z]{1,5}|[A-Za-z]{1,8})\]"


def kept(*, places: bool) -> re.Pattern[str]:
    """Return the pattern of what stays in a text. `places`: IP places stay, too."""
    # a number of six digits may be a telephone: only times and counts with their unit are kept
    where = rf"| {_LOCATIONS}" if places else ""
    return re.compile(
        rf"(?:{_EMOTICON} | {_TIMES} | {_COUNTS} | {_WORDS} {where} | IP(?=\s?属地) | 吧(?=\s|$))",
        re.VERBOSE,
    )
