"""The Notifier that looks at the address: mail to the mail server, the rest to its robot."""

from collections.abc import Mapping

from domain.channel import Channel, parts_of
from domain.errors import DeliveryError, Text
from domain.outbox import OutboxMail
from domain.ports import Notifier


class RoutingNotifier:
    """Hands each message to the notifier of its channel; robots are named as in the settings."""

    def __init__(self, mail: Notifier, robots: Mapping[tuple[Channel, str], Notifier]) -> None:
        self._mail = mail
        self._robots = robots

    def send(self, mail: OutboxMail) -> None:
        """Return when it was accepted; DeliveryError (to be retried) for a robot that is not set:
        the settings can still be mended.
        """
        self.of(mail.recipient).send(mail)

    def of(self, address: str) -> Notifier:
        """Return the notifier of an address."""
        channel, name = parts_of(address)
        if not channel.is_robot:
            return self._mail
        robot = self._robots.get((channel, name))
        if robot is None:
            raise DeliveryError(
                Text(
                    f"koubei.toml 中没有 [channels.{name}]（kind = {channel.value}）",
                    f"koubei.toml has no [channels.{name}] of kind {channel.value}",
                ),
                retry=True,
                place=name,
                mend=Text(
                    f"补上 [channels.{name}] 后重启；会自动重试",
                    f"add [channels.{name}] and restart; it is retried by itself",
                ),
            )
        return robot
