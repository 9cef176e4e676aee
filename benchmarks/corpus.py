"""Invented mentions for benchmarks: the same for the same seed, as many as wanted, oldest first.

Shape: 20 brands of Zipf sizes (the first has 28 %), 200,000 authors of Zipf diligence, 90 days with
a daily rhythm and three bursts, three platforms, 12 % near-copies, texts of 20 to 200 characters,
ten keywords each. Texts are put together from sentences below, all our own.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import accumulate
from typing import NamedTuple

from domain.mention import Kind, Mention, Platform, Precision
from domain.sentiment import WHOLE_TEXT, Label, Sentiment

END = datetime(2026, 11, 20, 16, tzinfo=UTC)
DAYS = 90
START = END - timedelta(days=DAYS)
BRANDS = tuple(f"brand-{number:02}" for number in range(1, 21))
AUTHORS = 200_000
COPIES = 0.12

_HOURS = DAYS * 24
_MODEL = "synthetic"
_RECENT = 2_000

# How busy each hour of the day is in China, 0 to 23 o'clock.
_RHYTHM = (4, 2, 1, 1, 1, 2, 4, 7, 9, 10, 11, 13, 14, 12, 10, 10, 11, 12, 14, 16, 18, 18, 14, 8)
# (day, how long in hours, how many times as busy)
_BURSTS = ((20, 10, 5.0), (47, 30, 3.0), (71, 6, 8.0))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_NAMES = _words(
    "云栈 松果 南屿 青禾 拾光 白鹭 山海 木棉 北辰 花间 麦田 清欢 半夏 长亭 听雨 晴川 桃溪 "
    "竹里 星野 渔火"
)
_SIGNATURES = _words(
    "桂花乌龙 板栗蛋糕 椰香咖啡 糙米奶茶 慕斯吐司 荔枝冰沙 海盐拿铁 杏仁豆花 松子可颂 "
    "玫瑰酸奶 小麦啤酒 柠檬气泡 芝麻汤圆 桑葚果汁 陈皮红豆 葡萄冰茶 水蜜桃冻 竹蔗茅根 "
    "蓝莓贝果 烤海苔饼"
)
_GOODS = _words(
    "奶茶 咖啡 蛋糕 面包 套餐 外卖 礼盒 冰沙 果茶 拿铁 豆花 可颂 饼干 沙拉 汤圆 饭团 薯条 "
    "鸡排 优惠券 会员卡 保温杯 周边 新品 小料 珍珠 芋泥 吸管 杯盖 包装袋 纸巾"
)
_PLACES = _words(
    "学校门口 地铁站 商场三楼 机场店 火车站 公司楼下 步行街 体育馆旁 医院对面 老城区 "
    "大学城 夜市 高铁站 写字楼 小区门口 景区 电影院旁 菜市场 游乐园 书店楼上"
)
_TIMES = _words(
    "今天 昨天 上周 刚刚 中午 晚上 周末 下班后 早高峰 国庆 前天 这个月 半夜 开业那天 下雨天"
)
_ASPECTS = _words(
    "味道 口感 分量 价格 服务 态度 包装 配送 卫生 环境 排队 甜度 温度 新鲜度 性价比 客服 "
    "退款 门店 店员 活动规则"
)
_OPINIONS = {
    Label.NEGATIVE: _words(
        "太差了 难以下咽 让人失望 越来越敷衍 完全不行 像兑了水 有股怪味 等了一小时 没人管 "
        "说变就变 喝完拉肚子 吃出头发 乱扣钱 不给退 冷冰冰的 爱理不理 贵得离谱 缺斤少两 "
        "洒了一半 再也不来"
    ),
    Label.NEUTRAL: _words(
        "还是老样子 一般般吧 说不上好坏 跟别家差不多 看个人口味 有待观察 中规中矩 没什么印象 "
        "和图片一致 换了新包装 改了营业时间 需要提前预约"
    ),
    Label.POSITIVE: _words(
        "真不错 超出预期 一如既往地好 值得回购 很用心 好喝不腻 新鲜又实在 热情周到 送得飞快 "
        "干净整洁 物超所值 全家都喜欢 甜度刚好 香味浓郁 良心价 忍不住又点了一杯"
    ),
}
# Text has few common words and many rare ones: these stand for the long tail.
_TAIL = 20_000
_SYLLABLES = (
    "安白北本长城春大东方丰风福甘高光广桂海禾红湖花华金锦京景静兰乐李里丽林岭流龙绿明木南宁平"
    "青秋泉仁瑞山上石水松泰唐天同万文西溪夏香新星雪阳银永玉云泽中竹子紫左州洲舟洛河江川谷原野"
)

_SENTENCES = (
    "{time}在{place}买了{brand}的{good}，{aspect}{opinion}。",
    "{brand}{place}那家的{good}，{aspect}{opinion}！",
    "有没有人觉得{brand}的{aspect}{opinion}？",
    "{time}点的{good}，{opinion}，{aspect}也就那样。",
    "同事{person}说{brand}{good}{opinion}，我去试了一下。",
    "关于{aspect}，我只能说{opinion}。",
    "{person}推荐的{signature}，{opinion}，{number}元一份。",
    "排了{number}分钟的队，{good}{opinion}。",
    "{place}新开的{brand}，{time}路过看了看，{aspect}{opinion}。",
    "又去喝了{signature}，{aspect}{opinion}[doge]",
    "客服{person}回复我说要等{number}天，{opinion}。",
    "给{brand}打{number}分，{aspect}{opinion}。",
    "朋友圈都在晒{signature}，我的感受是{opinion}。",
    "{good}和{signature}一起点的，{aspect}{opinion}😂",
    "APP里下单{brand}{good}，{time}才送到，{opinion}。",
    "{rare}那边也有一家，{other}的{good}{opinion}。",
    "跟{rare}比，{brand}的{aspect}{opinion}。",
    "从{other}特地跑来，结果{aspect}{opinion}，不如去{rare}。",
    "听说{rare}和{other}联名了，{good}{opinion}。",
)
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红玲芬燕云莲真环雪荣爱妹霞香月莺媛"
_KINDS = {
    Platform.WEIBO: Kind.POST,
    Platform.ZHIHU: Kind.ANSWER,
    Platform.TIEBA: Kind.FLOOR,
}


class _Said(NamedTuple):
    """A text that may be copied."""

    mention_id: str
    brand: int
    label: Label
    text: str
    terms: tuple[str, ...]
    fingerprint: int


def mentions(rows: int, seed: int = 7) -> Iterator[Mention]:
    """Yield `rows` mentions in order of publication, from START to END."""
    chance = random.Random(seed)
    recent: list[_Said] = []
    for number, at in enumerate(_moments(rows, chance)):
        platform = chance.choices(list(Platform), (6, 1, 3))[0]
        mention_id = f"{platform}:{5_000_000_000 + number}"
        copied = chance.random() < COPIES and bool(recent)
        said = _copy(chance, recent) if copied else _say(chance, mention_id)
        if not copied:
            recent.append(said)
            del recent[:-_RECENT]
        yield _mention(chance, mention_id, platform, at, said, copied=copied)


def words(count: int, seed: int = 11) -> list[str]:
    """Return words of two to four characters that somebody may search for.

    Three of four are from the long tail, of every frequency from one text in ten to one in fifty
    thousand; the others are cut from a text at a random place.
    """
    chance = random.Random(seed)
    found = []
    for number in range(count):
        text = _say(chance, "").text
        length = chance.choice((2, 3, 4))
        start = chance.randrange(len(text) - length)
        found.append(_tail_word(chance, first=10) if number % 4 else text[start : start + length])
    return found


def signature(brand: int) -> str:
    """Return the product that only the mentions of one brand (by its place in BRANDS) speak of."""
    return _SIGNATURES[brand]


def name(brand_id: str) -> str:
    """Return the name of one of BRANDS."""
    return _NAMES[BRANDS.index(brand_id)]


def _moments(rows: int, chance: random.Random) -> Iterator[datetime]:
    weights = [float(_RHYTHM[hour % 24]) for hour in range(_HOURS)]
    for day, hours, times in _BURSTS:
        for hour in range(day * 24, day * 24 + hours):
            weights[hour] *= times
    edges = list(accumulate(weights))
    done = 0
    for hour, edge in enumerate(edges):
        until = round(rows * edge / edges[-1])
        start = START + timedelta(hours=hour)
        for second in sorted(chance.choices(range(3600), k=until - done)):
            yield start + timedelta(seconds=second)
        done = until


def _say(chance: random.Random, mention_id: str) -> _Said:
    brand = chance.choices(range(len(BRANDS)), cum_weights=_BRAND_WEIGHTS)[0]
    label = chance.choices(tuple(_OPINIONS), (3, 4, 3))[0]
    parts: list[str] = []
    terms: list[str] = []
    for sentence in chance.choices(_SENTENCES, k=chance.choice((1, 2, 2, 3, 3, 4, 5))):
        slots = {
            "brand": _NAMES[brand],
            "signature": _SIGNATURES[brand],
            "good": chance.choice(_GOODS),
            "place": chance.choice(_PLACES),
            "time": chance.choice(_TIMES),
            "aspect": chance.choice(_ASPECTS),
            "opinion": chance.choice(_OPINIONS[label]),
            "person": chance.choice(_SURNAMES) + chance.choice(_GIVEN) + chance.choice(_GIVEN),
            "number": str(chance.randrange(2, 200)),
            "rare": _tail_word(chance),
            "other": _tail_word(chance),
        }
        parts.append(sentence.format_map(slots))
        terms += (slots["good"], slots["place"], slots["aspect"], slots["opinion"])
    text = "".join(parts)
    fingerprint = int.from_bytes(blake2b(text.encode(), digest_size=8).digest())
    return _Said(mention_id, brand, label, text, tuple(dict.fromkeys(terms))[:10], fingerprint)


def _tail_word(chance: random.Random, first: int = 1) -> str:
    """Return a word by its rank, as often as Zipf's law has it; `first` is the commonest rank."""
    rank = int(first * (_TAIL / first) ** chance.random())
    word = random.Random(rank)
    return "".join(word.choices(_SYLLABLES, k=word.choice((2, 2, 2, 3, 4))))


def _copy(chance: random.Random, recent: list[_Said]) -> _Said:
    said = chance.choice(recent)
    flipped = said.fingerprint ^ 1 << chance.randrange(64)
    return said._replace(text=f"转：{said.text}", fingerprint=flipped)


def _mention(
    chance: random.Random,
    mention_id: str,
    platform: Platform,
    at: datetime,
    said: _Said,
    *,
    copied: bool,
) -> Mention:
    polarity = {Label.NEGATIVE: -0.6, Label.NEUTRAL: 0.0, Label.POSITIVE: 0.6}[said.label]
    judgement = Sentiment(said.label, polarity + chance.randrange(-300, 300) / 1000, 0.8, _MODEL)
    author = int(AUTHORS ** chance.random())
    seen = at + timedelta(minutes=chance.randrange(1, 30))
    brand = BRANDS[said.brand]
    return Mention(
        id=mention_id,
        platform=platform,
        kind=_KINDS[platform],
        url=f"https://{platform}.example/{mention_id}",
        text=said.text,
        published_at=at,
        published_precision=Precision.SECOND,
        collected_at=seen,
        first_seen_at=seen,
        source=f"run-{seen:%Y%m%d%H}",
        author="用**",
        author_key=blake2b(str(author).encode(), digest_size=16).hexdigest(),
        likes=int(chance.paretovariate(0.9)) - 1,
        comments=int(chance.paretovariate(1.2)) - 1,
        reposts=int(chance.paretovariate(1.2)) - 1,
        watch_ids=frozenset({f"watch-{brand}"}),
        brand_ids=frozenset({brand}),
        terms=said.terms,
        cluster_id=said.mention_id if copied else None,
        fingerprint=said.fingerprint,
        sentiment={WHOLE_TEXT: judgement},
    )


_BRAND_WEIGHTS = tuple(accumulate(1 / rank for rank in range(1, len(BRANDS) + 1)))
