"""Ways to reach people: mail, a group robot of a chat service, or a webhook of one's own.

An address says which: `anna@example.com` is a mailbox, `wecom:duty-room` the robot that the
settings call `duty-room`. The robot's url holds its key, so it is a secret of the settings and
never stands in a configuration, in the outbox or in a log.
"""

from enum import StrEnum


class Channel(StrEnum):
    """How a recipient is reached."""

    MAIL = "mail"
    WECOM = "wecom"
    DINGTALK = "dingtalk"
    FEISHU = "feishu"
    WEBHOOK = "webhook"

    @property
    def is_robot(self) -> bool:
        """Whether it is a short message to a group, not a mail to a person."""
        return self is not Channel.MAIL


def channel_of(address: str) -> Channel:
    """Return how an address is reached."""
    return parts_of(address)[0]


def parts_of(address: str) -> tuple[Channel, str]:
    """Return the channel of an address, and its name there (for mail: the address itself)."""
    scheme, colon, name = address.partition(":")
    if colon and "@" not in scheme and scheme in list(Channel):
        return Channel(scheme), name
    return Channel.MAIL, address


def address_on(channel: Channel, name: str) -> str:
    """Return the address of a name on a channel; the inverse of `parts_of`."""
    return f"{channel.value}:{name}" if channel.is_robot else name
