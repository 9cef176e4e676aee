"""Mails about accounts: an invitation, a reset, a role that weighs."""

from collections.abc import Iterable
from html import escape

from domain.account import Role
from domain.errors import Text
from domain.outbox import Rendered
from presentation.hostile import clean_line
from presentation.wording import word


def invitation_mail(name: str, url: str, language: str) -> Rendered:
    """Return the mail that brings a new account its one-time link."""
    return _rendered(
        Text("【口碑】请启用您的账号", "[Koubei] Your account"),
        [
            Text(f"{name}，您好：", f"Hello {name},"),
            Text(
                "已为您开通口碑账号。请在 7 天内打开下面的链接设置密码；"
                "链接只能使用一次，请勿转发。",
                "an account was made for you. Open this link within 7 days and set a password; it "
                "works once, so keep it to yourself.",
            ),
        ],
        url,
        language,
    )


def reset_mail(name: str, url: str, language: str) -> Rendered:
    """Return the mail with the link to a new password."""
    return _rendered(
        Text("【口碑】重设密码", "[Koubei] A new password"),
        [
            Text(f"{name}，您好：", f"Hello {name},"),
            Text(
                "管理员为您的账号发起了重设：原密码、动态验证码和所有登录均已失效。"
                "请在 24 小时内打开下面的链接设置新密码；链接只能使用一次。",
                "an admin has reset your account: password, second factor and all logins are void. "
                "Open this link within 24 hours and set a new password; it works once.",
            ),
            Text(
                "若您没有要求重设，请联系管理员。", "If you did not ask for it, talk to an admin."
            ),
        ],
        url,
        language,
    )


def roles_mail(
    name: str, giver: str, roles: Iterable[Role], *, himself: bool, language: str
) -> Rendered:
    """Return the mail that tells of weighty roles that `giver` gave."""
    zh = "、".join(word(role).zh for role in sorted(roles))
    en = ", ".join(word(role).en for role in sorted(roles))
    fact = (
        Text(
            f"管理员 {giver} 为自己增加了角色：{zh}。",
            f"The admin {giver} gave himself roles: {en}.",
        )
        if himself
        else Text(f"{giver} 为 {name} 增加了角色：{zh}。", f"{giver} gave {name} roles: {en}.")
    )
    return _rendered(
        Text("【口碑】审批或管理角色变更", "[Koubei] Approving or administering roles changed"),
        [
            fact,
            Text(
                "此事已记入审计轨迹。若不应发生，请立即停用相关账号。",
                "The audit trail has it. If it should not be, disable the account at once.",
            ),
        ],
        "",
        language,
    )


def _rendered(subject: Text, sentences: list[Text], url: str, language: str) -> Rendered:
    said = [clean_line(sentence.in_language(language)) for sentence in sentences]
    text = "\n\n".join([*said, *([url] if url else [])]) + "\n"
    link = f'<p><a href="{escape(url)}">{escape(url)}</a></p>' if url else ""
    html = "".join(f"<p>{escape(one)}</p>" for one in said) + link
    return Rendered(subject.in_language(language), text, f"<!doctype html><body>{html}</body>")
