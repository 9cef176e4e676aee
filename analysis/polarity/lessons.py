"""Sentences of our own that teach what collections hardly show: patterns filled with words.

Collections have few pairs that differ in one negation only, few events without an opinion word, and
almost no plain question. The patterns were written for this; the probes are other sentences, and a
test holds that no probe is among them.
"""

import random
import re
from collections.abc import Mapping, Sequence
from typing import Final

from domain.sentiment import Label

_LISTS: Final = """
东西: 味道 服务 质量 屏幕 电池 包装 物流 客服 做工 环境 配送 手感 音质 空调 面料 系统 菜品 分量
    店员 隔音 续航 内饰 座椅 油耗 快递 外观 剧情 房间 早餐 画质 尺码 颜色 售后 安装 发动机
好: 好吃 好喝 好用 好看 舒服 方便 划算 靠谱 专业 干净 流畅 结实 耐用 贴心 清晰 安静 快 满意 棒
    热情 新鲜 值 不错 可以 精致 厉害 周到 给力 赞 漂亮 省心 惊艳 地道 细腻 平整 到位 合身 灵敏
    实惠 牢固 柔软 稳定
坏: 难吃 难喝 难用 难看 难受 麻烦 坑 敷衍 脏 卡 差 刺鼻 模糊 吵 慢 失望 恶心 粗糙 廉价 贵 糟糕
    垃圾 拉胯 烂 冷漠 小气 闷 硬 迟钝 呆板 松垮 油腻 生硬 鸡肋 劣质 混乱 磨脚 老旧 吓人
毛病: 问题 毛病 异味 卡顿 瑕疵 色差 漏水 杂音 掉色 异响 破损 故障 缺点 线头 起球 发热 划痕 死机
    断线 裂纹 脱胶 发霉 渗油 黑屏 松动 延迟
懊恼: 失望 后悔 踩雷 翻车 上当 生气 吃亏 心烦 出错 掉链子 被坑
    头疼 闹心 抱怨 心塞 吐槽
但: 但是 但 不过 可惜 然而 就是 只是 可是 结果 ，却
让步: 虽然 尽管 ~ ~
事: 退货被拒 等了三天没发货 客服一直不回 第一天就坏 说好的赠品没有 排了两小时队 还要加钱
    电话没人接 打不开机 送错地方还不认 押金不退 吃完拉肚子 里面有头发 屏幕碎了不给修 刚买就降价
    订单被取消 充电时冒烟 发来的是旧的 漏发配件 扣了两次钱 过期了还在卖 穿一次就开线 修了又坏
    把顾客赶出门 发错货不给换
谁: 某公司 该品牌 这家企业 某平台 一家连锁店 该车企 某手机厂商 旗下子公司 公司创始人 某网红餐厅
    该航空公司 某银行 一家培训机构 某药企 这家工厂
错: 虚假宣传 偷税漏税 数据造假 食品安全问题 涉嫌诈骗 违规收费 泄露隐私 质量缺陷 价格欺诈
    非法集资 拖欠工资 环境污染 消防隐患 侵权 垄断
罚: 被罚款 被立案 被约谈 遭通报 被起诉 被查处 被曝光 遭投诉 被处罚 被责令整改 被央视点名
    被告上法庭 被警方带走 遭到维权
时: 明天 下周三 本月底 今年秋天 9月1日 今晚八点 周末 第二季度
办: 召开发布会 公布业绩 上线新版本 开设新店 参加展会 举行招聘会 调整营业时间 搬迁新址 更换标志
    发布公告 推出新款 进行系统升级
物: 手机 笔记本 净水器 奶茶 耳机 汽车 课程 面膜 空调 跑鞋 保险
问: 怎么充电 在哪里买 多少钱 有几种颜色 什么时候发货 支持蓝牙吗 能开发票吗 适合送人吗 有没有大码
    怎么联系客服 保修多久 几点关门 用什么机油 可以分期吗
"""
_POSITIVE: Final = """
{东西}没有{毛病}|{东西}完全没有{毛病}，放心|一点{毛病}也没有|没出现过{毛病}|{东西}没{毛病}
没发现任何{毛病}|用到现在没有{毛病}|从没{懊恼}过|一次都没有{懊恼}|没有让人{懊恼}|买它不会{懊恼}
不用怕{懊恼}|终于不用{懊恼}了|再也没有{懊恼}|没有一次让我{懊恼}|{东西}不{坏}|{东西}一点也不{坏}
{东西}并不{坏}|{东西}没那么{坏}|没有别人说的那么{坏}|不{坏}，还挺{好}|{东西}不{坏}，{东西}也不{坏}
{东西}一点都不{坏}，反而很{好}|不得不夸{东西}{好}|不得不说{东西}是真的{好}|{东西}没话说
{东西}挑不出{毛病}|{东西}无可挑剔|不是一般的{好}|没有比这更{好}的了|没有理由不给好评
{让步}{东西}{坏}了点，{但}{东西}很{好}|{让步}{东西}一般，{但}{东西}{好}
{东西}{坏}是{坏}，{但}{东西}真的{好}|原来以为{坏}，{但}用了才知道{好}|之前{坏}，现在{好}多了
有谁会不喜欢{物}呢|怎么能这么{好}|哪有人会嫌{东西}{好}|这么{好}的{物}还有什么理由不买
{东西}怎么这么{好}啊|谁能不爱这样的{物}|yyds，{东西}太{好}|{物}绝绝子|闭眼买就对了，{好}
{物}真香，已回购|种草了，{东西}{好}|{物}封神了|无限回购的{物}|入手不亏，{好}|{东西}太{好}了[泪]
开心到哭[泪][泪]{东西}{好}|感动哭了[泪]，{东西}太{好}|{谁}获得质量金奖|{谁}再获消费者好评
{谁}捐款支援灾区|{谁}销量创新高|没什么{坏}的地方|没有半点{毛病}|不存在{毛病}|找不到{毛病}|不算{坏}
{东西}不怎么{坏}|没觉得{坏}|并没有{懊恼}|不担心{毛病}|谁说{坏}，明明很{好}|用久了也不会{坏}
{东西}{坏}一点，{但}值了|除{东西}{坏}外，别的都{好}|起初嫌{坏}，后来发现{好}|本以为{坏}，没想到{好}
{东西}虽然{坏}，总体还是满意|{东西}{坏}了些，瑕不掩瑜|人多{坏}，{但}{东西}{好}|{东西}小问题不少，{但}整体{好}
"""
_NEGATIVE: Final = """
{东西}不{好}|{东西}一点也不{好}|{东西}并不{好}|{东西}不太{好}|没有宣传的那么{好}|没有图片上{好}
{东西}没一处{好}|{东西}从来没{好}过|{东西}谈不上{好}|{东西}算不上{好}|{东西}不是很{好}
{东西}有{毛病}|到处是{毛病}|{东西}总有{毛病}|用两天就有{毛病}|{东西}{毛病}很多|{毛病}一直没解决
不推荐这家的{物}|不建议买{物}|别买这个{物}|劝大家别来|不会再买{物}了|不可能回购|再不会光顾
没有下次了|毫无诚意|没人处理|没人管|没有人回复|{让步}{东西}{好}，{但}{东西}{坏}
{东西}很{好}，{但}{东西}太{坏}了|{东西}{好}是{好}，{但}{东西}{坏}|{东西}不错，{但}有{毛病}
{东西}{好}，{但}{事}|一开始{好}，后来{坏}|当初{好}，如今{坏}|看着{好}，其实{坏}
难道{东西}就该这么{坏}吗|凭什么{事}|就这{东西}也敢卖这么贵|你们就是这样对待顾客的吗
{东西}这么{坏}还好意思开店|{事}，这就是你们的服务|这种{东西}也叫{好}？|{事}，说得过去吗
花这么多钱就换来这个{东西}？|呵呵，{东西}真{好}啊|可真{好}，{事}|真是{好}，{事}|感谢商家，{事}
{好}啊，{事}|厉害厉害，{事}|佩服佩服，{事}|谢谢你们{事}|太{好}了呢，{事}|不愧是你，{事}
{东西}真{好}[微笑]|随你们吧[微笑]|行吧[微笑]|{事}[微笑]|你们真棒[微笑]|谢谢啊[微笑]
{东西}可真{好}[微笑][微笑]|呵呵[微笑]|{事}|{事}，{事}|{物}{事}|昨天{事}|{物}用了一周，{事}
{谁}因{错}{罚}|{谁}{错}{罚}|{谁}宣布召回问题{物}|{谁}生产的{物}自燃|{物}起火自燃|{谁}负责人失联
{谁}疑似跑路|{谁}爆雷|{谁}被曝{错}|{物}抽检不合格|多人维权，要求{谁}退款|业主维权|数百名用户维权
{谁}被列入黑名单|{谁}大量裁员|{谁}破产清算|{谁}关停门店|{谁}因缺陷召回{物}|{谁}涉嫌{错}
{物}伤人事件|{谁}回应{错}传闻|顾客中毒送医|{谁}门店被查封|{物}存在安全隐患|{谁}{错}，消费者投诉
避雷{物}|踩雷了|{物}智商税|割韭菜的{物}|又翻车了|{物}太坑了|蚌埠住了，{东西}{坏}|离谱，{事}
无语，{事}|拉胯|{东西}让人吐了|拔草{物}|谁买谁上当|交智商税了
没觉得{好}|没多{好}|没什么{好}的|哪里{好}了|没以前{好}|远不如别家{好}|称不上{好}|找不到{好}的地方
不值这个价|不够{好}|不会推荐{物}|没有半点诚意|没人觉得{好}|既不{好}也不{好}|{东西}不{好}，{东西}也不{好}
{东西}{好}归{好}，{毛病}太多|别的都{好}，{但}{毛病}受不了|图片{好}，实物{坏}|宣传得{好}，{但}{事}
除{东西}外全都{坏}|除{东西}{好}，其余都{坏}|刚开始{好}，没几天就{毛病}|说得{好}，{但}{事}
曾经{好}，如今{毛病}不断|{东西}{好}，{但}没用几天就{毛病}|嘴上说{好}，{但}{事}
"""
_NEUTRAL: Final = """
请问{物}{问}|问一下{物}{问}|有人知道{物}{问}|{物}{问}|大家知道{问}|求推荐{物}|求一款{物}
准备买{物}，求建议|{物}和{物}有何不同|谁用过{物}|想买{物}，{问}|新手求教，{物}{问}|两款{物}选哪个
{物}有什么颜色|这个还能买到吗|这款{物}{问}|{谁}将于{时}{办}|{谁}{时}{办}
{谁}发布{物}新品，售价1999元|{谁}公布三季度财报|{谁}与{谁}达成合作|{物}参数：重量1.2千克
{谁}注册资本5000万元|{物}{时}开售|门店地址：人民路12号，电话0571|营业时间：10:00-22:00
{谁}发布公告|{谁}任命新总经理|刚下单{物}|{物}还在路上|{物}到了，还没拆|昨天下单了{物}
打算{时}去看{物}|{物}已签收|正在等发货|关注并转发，{时}抽一位送{物}|{物}招商加盟，加微信
点击链接领{物}优惠券|出售二手{物}，价格私聊|收{物}，有意私信|{时}直播间{物}满减|转发抽奖送{物}
有没有人用过这种{物}|{物}哪个牌子合适|预算三千，{物}怎么选|求{物}推荐|谁能推荐一下{物}|有人买过这种{物}吗
{物}适合什么人|{物}几天能到|请教一下，{物}{问}|{物}采用铝合金机身|{谁}公告董事变更|{谁}在{时}举办开放日
{谁}{时}发布{物}，起售价899元|前天刚买的{物}，还没用
"""
BRAND: Final = "某牌"
"""The target of `lessons_towards`; what it is called does not matter, for it is read as a sign."""

_NAMING: Final = (
    *(f"{BRAND}{{}}", f"{BRAND}{{}}", f"{BRAND}的{{}}", f"{BRAND}，{{}}", f"{{}}，{BRAND}"),
    *(f"{{}}，说的就是{BRAND}", f"#{BRAND}# {{}}", f"{BRAND}：{{}}", f"今天的{BRAND}，{{}}"),
    *(f"在{BRAND}，{{}}", f"去了{BRAND}，{{}}"),
)
_JOINTS: Final = ("，", "。", " ", "；", "，而")
_PAIRS_OF: Final = 4
"""Of so many sentences one pair is made."""

_SLOT: Final = re.compile(r"\{(\w+)\}")


def _read_lists(text: str) -> dict[str, tuple[str, ...]]:
    """Read «name: words», a word `~` being nothing; an indented line goes on."""
    lists: dict[str, tuple[str, ...]] = {}
    for line in text.replace("\n    ", " ").split("\n"):
        name, _, words = line.partition(":")
        if words:
            lists[name] = tuple("" if word == "~" else word for word in words.split())
    return lists


_WORDS: Final = _read_lists(_LISTS)


def lessons(seed: int, copies: int = 24) -> list[tuple[str, Label]]:
    """Return sentences with their labels: each pattern filled `copies` times, without repeats."""
    choose = random.Random(seed)  # noqa: S311  # not for secrets
    return list(_filled(choose, copies, _WORDS).items())


def lessons_towards(seed: int, copies: int = 12) -> list[tuple[str, Label]]:
    """Return sentences that name `BRAND`, with what they say of it: the same patterns about it, and
    pairs that praise one and blame another.
    """
    choose = random.Random(seed)  # noqa: S311  # not for secrets
    filled = list(_filled(choose, copies, {**_WORDS, "谁": (BRAND,)}).items())
    named = [t if BRAND in t else choose.choice(_NAMING).format(t) for t, _ in filled]
    made = dict(zip(named, (label for _, label in filled), strict=True))
    praise = [text for text, label in filled if label is Label.POSITIVE]
    blame = [text for text, label in filled if label is Label.NEGATIVE and BRAND not in text]
    for _ in range(len(filled) // _PAIRS_OF):
        good, bad = choose.choice(praise), choose.choice(blame)
        praised = choose.random() < 1 / 2
        ours, theirs = (good, bad) if praised else (bad, good)
        halves = [f"{BRAND}{ours}", f"别家{theirs}"]
        choose.shuffle(halves)
        label = Label.POSITIVE if praised else Label.NEGATIVE
        made.setdefault(choose.choice(_JOINTS).join(halves), label)
    return list(made.items())


def _filled(
    choose: random.Random, copies: int, words: Mapping[str, Sequence[str]]
) -> dict[str, Label]:
    made: dict[str, Label] = {}
    for label, patterns in (
        (Label.POSITIVE, _POSITIVE),
        (Label.NEGATIVE, _NEGATIVE),
        (Label.NEUTRAL, _NEUTRAL),
    ):
        for pattern in filter(None, re.split(r"[|\n]", patterns)):
            for _ in range(copies):
                text = _SLOT.sub(lambda slot: choose.choice(words[slot[1]]), pattern)
                made.setdefault(text, label)
    return made
