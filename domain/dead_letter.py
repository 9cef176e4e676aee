"""Dead letters (无法入库的内容): mentions that the store refused, whole, until somebody decides."""

from dataclasses import dataclass
from datetime import datetime

from domain.errors import Text
from domain.mention import Mention


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A mention that the mention store could not take, and why; one a mention id.

    `reason` names the fault, never the text. `refused_at` is the newest refusal, `attempts` counts
    them. A newer look at the same mention replaces an older one; a look that is stored ends it.
    """

    mention: Mention
    reason: Text
    run_id: str
    first_refused_at: datetime
    refused_at: datetime
    attempts: int = 1
