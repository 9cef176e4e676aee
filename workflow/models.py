"""Which model of the team's judges: what is installed is audited, and one act gives the last back.

The models are files of one machine. A file is changed while its audit row waits to be committed:
when the change fails nothing is written, and what then came into use is noted in any case by the
run that judges the stored history again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Protocol, Self

from domain.errors import KoubeiError, Text
from domain.ports import BeginWork, UnitOfWork
from workflow.permissions import Permission, require

INSTALLED: Final = "model.installed"
GIVEN_BACK: Final = "model.given_back"


class Models(Protocol):
    """Installed models of a machine by file name, the present one last; "" is the shipped one."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def back(self) -> Self:
        """Make the model before the present one the present one."""
        ...


def note_installed(
    begin_work: BeginWork,
    actor: str,
    models: Models,
    *,
    before: str,
    figures: Mapping[str, object],
    at: datetime,
) -> None:
    """Write into the audit trail that a model was installed, with the figures that it was judged
    by. `before` is the file name of the one that it replaces.
    """
    with begin_work() as work:
        work.audit.append(
            at=at,
            actor=actor,
            action=INSTALLED,
            object_id=models.names[-1],
            reason="",
            payload={"before": before, **figures},
        )
        work.commit()


def give_back(
    begin_work: BeginWork,
    account_id: str,
    models: Models,
    *,
    seen: str,
    reason: str,
    at: datetime,
) -> Models:
    """Return to the model before the present one, and return what is installed then.

    `seen` is the name of the model that the person wanted to leave. KoubeiError when there is none
    before it, when another came into use meanwhile, or without a reason; NotPermitted for whom may
    not.
    """
    if not reason.strip():
        raise KoubeiError(
            Text("未填写理由", "the reason is missing"), mend=Text("请填写理由", "give one")
        )
    with begin_work() as work:
        account = require(work, account_id, Permission.CHANGE_MODEL)
        if models.names[-1] != seen:
            raise KoubeiError(
                Text("在用的模型已经换过", "another model is in use by now"),
                mend=Text("核对后再试", "look again, then decide"),
            )
        kept = _give_back(work, account.actor, models, reason=reason.strip(), at=at)
        work.commit()
    return kept


def give_back_at_terminal(
    begin_work: BeginWork, actor: str, models: Models, *, at: datetime
) -> Models:
    """The same for who has the machine, and with it the files."""
    with begin_work() as work:
        kept = _give_back(work, actor, models, reason="", at=at)
        work.commit()
    return kept


def require_a_model_before(models: Models) -> None:
    """KoubeiError when there is nothing to go back to."""
    if len(models.names) < 2:
        raise KoubeiError(
            Text("没有更早的模型可退回", "there is no model before this one"),
            mend=Text("在用的就是最早的一个", "the one in use is the first"),
        )


def _give_back(
    work: UnitOfWork, actor: str, models: Models, *, reason: str, at: datetime
) -> Models:
    require_a_model_before(models)
    before, after = models.names[-1], models.names[-2]
    work.audit.append(
        at=at,
        actor=actor,
        action=GIVEN_BACK,
        object_id=after,
        reason=reason,
        payload={"before": before},
    )
    return models.back()
