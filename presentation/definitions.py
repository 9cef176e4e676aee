"""Where the numbers come from, in words: shown beside each figure, and printed in reports.

A definition says what is counted, on which time axis, how copies are treated, which model judged,
and what was not seen. What depends on the moment (model, gaps) is passed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Definition:
    """One figure's definition; empty parts do not apply to it."""

    name: str
    what: str
    time_axis: str = ""
    dedupe: str = ""
    model: str = ""
    coverage: str = ""
    compared: str = ""

    def rows(self) -> Sequence[tuple[str, str]]:
        """Return (term, text) in the order in which they are shown."""
        return (
            ("统计什么", self.what),
            ("时间轴", self.time_axis),
            ("去重", self.dedupe),
            ("情感模型", self.model),
            ("覆盖", self.coverage),
            ("环比", self.compared),
        )


PUBLISHED = "按发布时间计；只精确到天的内容记在当天零点，不参与逐小时的预警判断。"
ONCE = "同一条内容只计一次（按平台编号）；转发与相似内容各算一条声音。垃圾信息与自有账号不计。"
PREVIOUS = "与紧邻的上一个同样长的时段相比；上一时段没有采全时不作比较，显示「—」。"


def of_model(model: str, corrected: bool = True) -> str:
    """Say who judged: `snownlp-0.12.3；人工改判优先`."""
    return f"{model or '未设置'}" + ("；人工改判优先，立即生效。" if corrected else "。")


def volume(coverage: str) -> Definition:
    """总声量."""
    return Definition(
        "总声量",
        "提到所选品牌的公开内容条数：博文、评论、回答、文章、帖子与楼层。",
        time_axis=PUBLISHED,
        dedupe=ONCE,
        coverage=coverage,
        compared=PREVIOUS,
    )


def negative_share(model: str, coverage: str) -> Definition:
    """负面率."""
    return Definition(
        "负面率",
        "负面条数 ÷ 总声量。先看对品牌的判断，没有时看整条内容的判断。",
        time_axis=PUBLISHED,
        dedupe=ONCE,
        model=of_model(model),
        coverage=coverage,
        compared=PREVIOUS + "差值以百分点计。",
    )


def agreement(model: str, enough: int, spontaneous: str) -> Definition:
    """与人工一致: how often people agree with the model."""
    return Definition(
        "与人工一致",
        "随机抽出、判定时看不到模型标签的内容里，人与模型判定相同的比例；"
        f"括号内为 95% 区间（Wilson）与条数。不足 {enough} 条写「样本不足」，不给百分比。",
        time_axis="近 180 天的判定，只计对当前模型标签的判定；换模型后从头计。",
        dedupe="同一条内容只计最近一次判定。",
        model=model,
        coverage=f"自发改判与确认另计：{spontaneous}。人会去看的多是看着不对的，"
        "这部分不代表全部内容。",
    )


def unsure(below: int) -> Definition:
    """待复核."""
    return Definition(
        "待复核",
        f"模型把握低于 {below}% 且没有人判定过的内容。标签照常显示、照常计入图表，"
        "只是请人先看这些；门槛由设置 review.below 决定。",
        time_axis=PUBLISHED,
        dedupe=ONCE,
    )


def waiting_signals() -> Definition:
    """待处置预警."""
    return Definition(
        "待处置预警",
        "状态为「未解除」且无人认领的预警条数，不受时间范围限制；曲线为各时段新开的预警。",
        compared="本时段新开的预警条数，与上一个同样长的时段相比。",
    )


def overdue_cases() -> Definition:
    """超时工单."""
    return Definition(
        "超时工单",
        "未关闭且至少一个时限已过的工单件数。时限由台账记录逐件推算，节假日与调休计入工作日历。",
    )


def baseline(model: str, coverage: str) -> Definition:
    """The band, the threshold and the multiple of the timeline."""
    return Definition(
        "预期区间与预警线",
        "预期区间 = 近 28 天每小时负面条数的均值 ± 2 倍标准差；预警线 = 均值 + Z × 标准差"
        "（标准差小于 1 时按 1 计，Z 由灵敏度决定）。"
        "数值取自预警判断时的记录，与预警使用同一组数字。",
        time_axis="以一小时为窗口，每 15 分钟判断一次；图中每小时取整点结束的那一次。",
        dedupe=ONCE,
        model=of_model(model),
        coverage=coverage,
    )


def platforms(coverage: str) -> Definition:
    """平台分布."""
    return Definition(
        "平台分布",
        "所选时段内各平台的条数，按情感分段。",
        time_axis=PUBLISHED,
        dedupe=ONCE,
        coverage=coverage,
    )


def terms() -> Definition:
    """热词变化."""
    return Definition(
        "热词变化",
        "每条内容自动提取关键词；一个词在一条内容中只计一次。品牌自己的名称不列出。"
        "按热度排序：热度 = 条数 × 升幅，升幅 = (本期条数 + 10) ÷ (一周前条数 + 10)，"
        "不足 1 按 1 计；"
        "两边各加 10 条，使只有几条的词不会因偶然而排到前面。升幅 ≥ 1.5 的词颜色较深或加粗。",
        time_axis=PUBLISHED,
        compared="与一周前同样长的时段相比；那段时间没有采全时不作比较，按条数排序。",
    )


def coverage() -> Definition:
    """采集覆盖."""
    return Definition(
        "覆盖",
        "某小时内，方案要看的时间段被「读全」或「确认没有内容」的采集完整盖住，才算采全；"
        "被拦截、失败、读了一部分、没有轮到，都不算，也都不会被当成「没有人说」。",
        time_axis="按内容的发布时间计，不是按采集时间。",
        coverage="采全的小时才参与预警基线；没有采全的小时在图上是灰色。",
    )


def voice_share() -> Definition:
    """声量占比."""
    return Definition(
        "声量占比",
        "某品牌的声量 ÷ 所有已配置品牌的声量之和。一条内容提到几个品牌，就给每个品牌各计一条。",
        time_axis=PUBLISHED,
        dedupe=ONCE,
        coverage="没有监测方案的品牌只计与其他品牌同时被提到的内容，会偏低，并在卡片上写明。",
        compared=PREVIOUS,
    )


def heat() -> Definition:
    """星期 × 小时."""
    return Definition(
        "星期 × 小时",
        "所选时段内各星期、各小时的条数之和。",
        time_axis=PUBLISHED,
        dedupe=ONCE,
        coverage="灰色的格子没有采全，不代表没有人说。",
    )


def feed() -> Definition:
    """The totals of the feed."""
    return Definition(
        "条数与排序",
        "符合全部筛选条件的内容条数。影响力 = 转发 + 评论 + 赞，未知的不猜；最负面按情感极性排序。",
        time_axis="页首时间为发布时间；采集时间在「更多筛选」中另选。",
        dedupe="同一条内容只计一次；相似内容折叠在最先列出的一条之下，条数仍逐条计。",
        model="标签旁写明由模型还是人工判定；人工改判优先。",
    )
