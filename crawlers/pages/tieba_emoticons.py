"""The names of Tieba's emoticons, which its pages show as pictures without a word.

The same numbers name the pictures of the app (`image_emoticon25.png`), those of the old editor
(`face/i_f25.png`, 1 to 50 only) and the parts of 2026's JSON (`image_emoticon25`). The names are
those that the app inserts when an emoticon is chosen, as its versions up to 2020 list them.
"""

import re

UNNAMED = "[表情]"
"""An emoticon whose name is not known: that there is one is still told."""

_CLASSIC_NAMES = """
    呵呵 哈哈 吐舌 啊 酷 怒 开心 汗 泪 黑线 鄙视 不高兴 真棒 钱 疑问 阴险 吐 咦 委屈 花心
    呼~ 笑眼 冷 太开心 滑稽 勉强 狂汗 乖 睡觉 惊哭 生气 惊讶 喷 爱心 心碎 玫瑰 礼物 彩虹 星星月亮
    太阳 钱币 灯泡 茶杯 蛋糕 音乐 haha 胜利 大拇指 弱 OK
"""
_LATER_NAMES = """
    哼 吃瓜 扔便便 惊恐 哎呦 小乖 捂嘴笑 你懂的 what 酸爽 呀咩爹 笑尿 挖鼻 犀利 小红脸 懒得理
    沙发 手纸 香蕉 便便 药丸 红领巾 蜡烛 三道杠
"""
_NAMES = dict(enumerate(_CLASSIC_NAMES.split(), 1)) | dict(enumerate(_LATER_NAMES.split(), 61))
_KEY = re.compile(r"image_emoticon(?P<number>[0-9]{0,3})", re.ASCII)
_FILE = re.compile(
    r"(?:^|/)(?:image_emoticon|i_f)(?P<number>[0-9]{0,3})(?:@[0-9]x)?\.(?:png|gif|jpe?g|webp)",
    re.ASCII,
)


def by_key(key: str) -> str:
    """Return `[滑稽]` for `image_emoticon25`; what is no key is a name: `[doge]` for `doge`."""
    match = _KEY.fullmatch(key)
    if match:
        return _named(match["number"])
    return f"[{key}]" if key and len(key) <= 20 and not key.startswith("image_") else UNNAMED


def by_file(address: str) -> str | None:
    """Return `[滑稽]` for the address of its picture, None for that of any other picture."""
    match = _FILE.search(address)
    return _named(match["number"]) if match else None


def _named(number: str) -> str:
    name = _NAMES.get(int(number or 1))  # the app calls the first one image_emoticon
    return f"[{name}]" if name else UNNAMED
