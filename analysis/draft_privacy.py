"""Personal data in a text of our own: what would publish somebody's identity or address."""

import re
from collections.abc import Iterator

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
"""GB 11643-1999: the last sign of an identity number checks the seventeen before it."""

_ID_CARD = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[\dXx](?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<![0-9A-Za-z])(?:\+?86[- ]?)?(1[3-9]\d(?:[- ]?\d{4}){2})(?![0-9A-Za-z])")
_CARD = re.compile(r"(?<![0-9A-Za-z])\d{4}(?:[- ]?\d{4}){2,3}(?:[- ]?\d{1,3})?(?![0-9A-Za-z])")
_MAIL = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._+-]{0,40}@(?:qq|163|126|gmail|outlook|hotmail|foxmail|sina|sohu|139|189|icloud)\.com",
    re.IGNORECASE,
)
_WECHAT = re.compile(r"(?:微信号?|[Vv][Xx]|QQ号?)\s*[:：]?\s*([A-Za-z0-9][A-Za-z0-9_-]{5,19})")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·• ]?[A-Z0-9]{5,6}"
    r"(?![A-Z0-9])"
)
_HOME = re.compile(
    r"(?:住址|家住|居住(?:在|于)|家庭(?:住址|地址)|住在)[^，。；！？\n]{2,40}"
    r"|[\u4e00-\u9fff]{2,12}(?:小区|花园|家园|公寓|新村|苑|里)[^，。；！？\n]{0,6}\d{1,4}(?:号楼|栋|幢|座)[^，。；！？\n]{0,4}\d{1,4}(?:单元|室|号)"
)
_OWN_CONTACT = re.compile(
    r"(?:客服|热线|咨询|服务|投诉|联系|官方|公司|总部|媒体|垂询|致电|拨打|对接|监督|举报|邮箱|邮件|邮编)[^，。；！？\n]{0,16}$"
)
_SOMEBODY = re.compile(
    r"(?:顾客|消费者|用户|网友|当事人|店员|员工|患者|投诉人|博主|先生|女士)[^，。；！？\n]{0,16}$"
)

_LOOK_BACK = 30


def personal_data(text: str) -> Iterator[tuple[int, int]]:
    """Yield where personal data stand, in a text whose digits are ASCII. A telephone or mail that
    is introduced as the company's own (客服电话 …) is none.
    """
    for match in _ID_CARD.finditer(text):
        if _is_identity_number(match[0]):
            yield match.span()
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if 15 <= len(digits) <= 19 and not _is_identity_number(digits) and _passes_luhn(digits):
            yield match.span()
    for pattern in (_MOBILE, _MAIL):
        yield from (m.span() for m in pattern.finditer(text) if not _is_our_own(text, m.start()))
    for pattern in (_WECHAT, _PLATE, _HOME):
        yield from (m.span() for m in pattern.finditer(text) if not _is_our_own(text, m.start()))


def _is_our_own(text: str, at: int) -> bool:
    before = text[max(0, at - _LOOK_BACK) : at]
    return bool(_OWN_CONTACT.search(before)) and not _SOMEBODY.search(before)


def _is_identity_number(number: str) -> bool:
    if len(number) != len(_ID_WEIGHTS) + 1 or not number[:17].isdigit():
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _ID_WEIGHTS, strict=False))
    month, day = int(number[10:12]), int(number[12:14])
    return _ID_CHECKS[total % 11] == number[17].upper() and 1 <= month <= 12 and 1 <= day <= 31


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812: what tells a card number from an order number, nine times in ten."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0 and digits[0] in "3456"
