"""Advertisements, told by what only advertisements have. Careful: what may be a complaint is none.

Each kind needs two independent marks, such as an offer and a handle to answer it; and one word of
complaint, doubt or question anywhere clears the text, so that an angry customer with a link is
never hidden. Many accounts with one text are no advertisement either: a wave is told as such
(near-copy share). Measured precision and recall: docs/decisions.
"""

import re
from enum import StrEnum
from typing import Final

from domain.han import fold

_LONGEST = 2_000


class Advert(StrEnum):
    """Kinds of advertisement."""

    LOTTERY = "lottery"
    COUPON = "coupon"
    SOLICITING = "soliciting"
    STUFFED = "stuffed"


_COMPLAINT: Final = re.compile(
    "投诉|维权|[骗坑烂虫黑毒伤]|(?<![暑寒放休请])假(?![如期日设若装])|退款|退货|退钱|不退|不给|不发|不理|没发|没给|没收到|没人|没有兑|不兑|垃圾"
    "|失望|恶心|难[吃喝用看受]|召回|立案|起诉|报警|警方|曝光|避雷|踩雷|雷了|差评|太差|真差|很差|黑心|过期"
    "|拉肚子|失灵|故障|自燃|异味|变质|后悔|讨厌|气死|无语|呵呵|内定|忽悠|误导|套路|虚假|作废|失效|用不了"
    "|不能用|不了|失败|困难|打不开|被盗|乱扣|多扣|封号|道歉|抵制|[怒吐衰鄙]|质疑|求助|曝|爆料|辟谣|举报|涨价|太贵|割韭菜"
    "|失联|跑路|暴雷|爆雷|违规|涉嫌|处罚|罚款|调查|监管|逾期|审核|到账|还我|血汗|什么时候|一直|怎么回事|凭什么"
)
_QUESTION = re.compile(r"[?]|为什么|为何|是不是|真的吗|有没有|谁")
_LINK = re.compile(
    r"https?://|t\.cn/|[¥￥$][a-z0-9]{8,13}[¥￥$]|网页链接|点击链接|复制.{0,12}(打开|淘宝|到)"
    r"|(抢购|购买|活动|报名|下单|预[定订]).{0,2}(地址|链接|入口|通道)|戳右边|戳链接|评论.{0,4}链接"
)

_DRAW = re.compile(
    r"(转发?|转赞评|评论|关注|点赞).{0,40}?([抽揪]|赢取|有机会(获得|赢)).{0,25}?"
    r"([\d一二两三四五六七八九十百]+ ?[位名人个份台张套箱瓶部]"
    r"|大奖|好礼|礼品|礼物|奖品|礼包|现金|红包)"
)
_DRAWN = re.compile(
    r"(公布|揭晓|恭喜).{0,80}(中奖|获奖|幸运|抽中|获得).{0,100}(私信|收件|收货|中奖名单|联系方式)"
    r"|微博抽奖平台|抽奖详情|(公布|恭喜).{0,20}(中|获)奖名单|(中|获)奖名单.{0,6}公布"
    r"|赢取.{0,16}(礼|奖|门票|体验|机会)|[【#]有奖(转发|竞猜|答谢|征集|互动)|抽[选取].{0,4}[位名].{0,6}(粉丝|幸运)"
)
_WISHES = re.compile(
    r"转发微博|转发抽奖|转发|抽奖|抽我|抽到我|求抽中|求中奖?|拉低中奖率|中奖绝缘体|分母来了|来当分母"
    r"|让我中一次|中中中+|我要中奖|许愿|好运|锦鲤|转起|接好运|沾喜气|[\W_]+"
)

_SAVINGS = re.compile(
    r"领券|领取.{0,6}券|优惠券|折扣券|代金券|券后|到手价|到手仅?\d|满\d+减\d+|立减\d*|秒杀|限时(抢|特惠|折扣|优惠)"
    r"|抢购|包邮|拍下|原价\d+|仅需\d+|只要\d+|特价|[\d.]+折|买[一二1-9]送|现货|清仓|史低|神价|好价|大促"
    r"|第二[件杯]半价|下单|开抢|疯抢|先到先得|预[定订]|优惠"
)
_EXPERIENCE = re.compile(
    "买了|买的|收到|入手|用了|吃了|喝了|去了|感觉|味道|口感|性价比|满意|物流|客服"
)
"""Words of somebody who tells how it was for them: a customer, whatever they paid with."""

_OFFER = re.compile(
    "兼职|日结|日赚|月入|刷单|套现|提现|代还|下款|办证|代办|代开|招代理|代理招募|代购|招商加盟|对外招商|加盟热线"
    "|批发|一手货源|货到付款|诚招|招聘|招收|荐股|带单|牛股|进群|交流群|丰胸|减肥|祛斑|瘦身|增高|微商|拍单"
    "|团购|转让|出售|促销|优惠|特价|到店|试驾|团车|看车|租车|预定|预订|订购"
)
_HANDLE = re.compile(
    r"(微信|威信|薇信|vx|v信|wx|weixin|qq群?|扣扣|扣群|加我|加v|咨询|电话|热线|手机|致电|拨打|联系)[^\w]{0,3}"
    r"(号|为|是|同号|号码)?[^\w]{0,3}[a-z]?[a-z0-9_-]{6,20}"
    r"|1[3-9]\d{9}|(400|800)-?\d{3}-?\d{3,4}"
)
_NEWS = re.compile("公告|法院|原标题|来源[:：]|记者|日讯|日电|工商局|证券|股份|新闻|报道|登记|银行")

_STUFFING = re.compile(r"(?:套现|提现|刷单)\w{0,4}(?=[#·~—|])")
_HASHTAG = re.compile(r"#([^#\n]{1,40})#")
_STUFFED_TAGS: Final = 6
_LEAST_REST: Final = 6


def advert_kind(text: str) -> Advert | None:
    """Return what kind of advertisement a text surely is, None when it may be anything else."""
    clean = fold(text[:_LONGEST])
    if _COMPLAINT.search(clean):
        return None
    if _is_stuffed(clean):
        return Advert.STUFFED
    if _QUESTION.search(clean):
        return None
    if _is_lottery(clean):
        return Advert.LOTTERY
    savings = {hit.group()[:2] for hit in _SAVINGS.finditer(clean)}
    if len(savings) >= 2 and _LINK.search(clean) and not _EXPERIENCE.search(clean):
        return Advert.COUPON
    if _HANDLE.search(clean) and _OFFER.search(clean) and not _NEWS.search(clean):
        return Advert.SOLICITING
    return None


def _is_lottery(clean: str) -> bool:
    if _DRAW.search(clean) or _DRAWN.search(clean):
        return True
    own = clean.split("//@", 1)[0]
    return "奖" in own and not _WISHES.sub("", own)


def _is_stuffed(clean: str) -> bool:
    """Whether it is a heap of search words: of the trade in cash from credit, set between marks in
    something else, or many hashtags with nothing said.
    """
    if len(_STUFFING.findall(clean)) >= 2:
        return True
    tags = set(_HASHTAG.findall(clean))
    rest = re.sub(r"[\W_]+", "", _HASHTAG.sub("", clean))
    return len(tags) >= _STUFFED_TAGS and len(rest) <= _LEAST_REST
