"""Texts to begin a public statement from: sober, Chinese, with blanks that a check does not let
through unfilled.

A holding statement says what is known and what is being done, and names no cause. Every blank is
written 【填：…】.
"""

from collections.abc import Mapping

from domain.statement import Template, Venue

_HOLDING = """\
我们注意到【填：平台】上关于【填：门店或产品】的反映，对由此给大家带来的不安表示歉意。

目前已做的事：
一、已于【填：日期与时间】成立专项小组，核实相关情况；
二、【填：已采取的措施，如相关产品暂停售卖并封存】；
三、已与反映情况的消费者取得联系，配合就医、退换等需要。

事实尚在核实，核实清楚后我们将如实公布，并于【填：下次通报的时间】前再次通报进展。
如您有相关线索或需要帮助，请联系官方客服【填：客服电话】。
"""

_HOLDING_SHORT = (
    "我们注意到关于【填：门店或产品】的反映，已着手核实并联系当事消费者，【填：已采取的措施】。"
    "进展将于【填：下次通报的时间】前公布。需要帮助请联系官方客服【填：客服电话】。\n"
)

_APOLOGY = """\
关于【填：事件】，经核实，【填：已查明的事实，逐条对应核实单】。

这件事我们做得不好，向受到影响的消费者诚恳道歉。

我们的处理：
一、对受影响的消费者：【填：退款、赔付、就医等安排与办理方式】；
二、对涉事门店或环节：【填：已执行的处理与完成时间】；
三、为避免再次出现：【填：整改措施、负责部门与完成时间】。

整改结果将于【填：日期】前公布。办理或监督请联系官方客服【填：客服电话】。
"""

_APOLOGY_SHORT = (
    "关于【填：事件】，经核实情况属实，我们诚恳道歉。受影响的消费者可通过官方客服【填：客服电话】"
    "办理【填：退款或赔付】；涉事环节已【填：处理】，整改结果【填：日期】前公布。\n"
)

_CLARIFICATION = """\
近日【填：平台】上出现关于【填：事项】的说法。经核实，情况如下：

一、关于「【填：说法一】」：【填：属实、部分属实或不实，以及依据】；
二、关于「【填：说法二】」：【填：属实、部分属实或不实，以及依据】。

可供查验的材料：【填：检测报告、记录等的名称与查看方式】。
我们尊重每一位消费者提出问题的权利；对上述内容仍有疑问，请联系官方客服【填：客服电话】。
"""

_CLARIFICATION_SHORT = (
    "关于【填：说法】，经核实【填：结论】，依据为【填：材料名称】。"
    "仍有疑问请联系官方客服【填：客服电话】，我们会逐一答复。\n"
)

_COMPLAINT_REPLY = (
    "您好，您反映的【填：问题】我们已经看到，很抱歉给您带来不便。我们已【填：已做的事】，"
    "并将在【填：时间】前给您答复。请私信或致电官方客服【填：客服电话】告知订单信息，"
    "请不要在公开评论中留下电话、地址等个人信息。\n"
)

_SIGNATURE = "\n【填：公司名称】\n【填：年月日】\n"

_HEADLINES: Mapping[Template, str] = {
    Template.HOLDING: "关于【填：事件】的情况说明",
    Template.APOLOGY: "关于【填：事件】的致歉声明",
    Template.CLARIFICATION: "关于【填：事项】的说明",
    Template.COMPLAINT_REPLY: "关于【填：问题】的答复",
}
_FULL: Mapping[Template, str] = {
    Template.HOLDING: _HOLDING,
    Template.APOLOGY: _APOLOGY,
    Template.CLARIFICATION: _CLARIFICATION,
    Template.COMPLAINT_REPLY: _COMPLAINT_REPLY,
}
_SHORT: Mapping[Template, str] = {
    Template.HOLDING: _HOLDING_SHORT,
    Template.APOLOGY: _APOLOGY_SHORT,
    Template.CLARIFICATION: _CLARIFICATION_SHORT,
    Template.COMPLAINT_REPLY: _COMPLAINT_REPLY,
}
_SHORT_VENUES = frozenset({Venue.WEIBO_COMMENT, Venue.ZHIHU_COMMENT, Venue.TIEBA_REPLY})
_SIGNED_VENUES = frozenset({Venue.PRESS, Venue.ZHIHU_ANSWER, Venue.TIEBA_THREAD})


def template_text(template: Template, venue: Venue) -> str:
    """Return the text to begin from: short for comments, signed and dated where it stands alone."""
    if venue in _SHORT_VENUES:
        return _SHORT[template]
    body = _FULL[template]
    if venue in _SIGNED_VENUES and template is not Template.COMPLAINT_REPLY:
        return f"{_HEADLINES[template]}\n\n{body}{_SIGNATURE}"
    if venue is Venue.WEIBO_POST and template is not Template.COMPLAINT_REPLY:
        return f"【{_HEADLINES[template]}】\n{body}"
    return body
