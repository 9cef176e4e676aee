from dataclasses import replace
from datetime import timedelta

import pytest

from domain.audit import FIRST_HASH, AuditRow, canonical, first_broken, seal
from tests.fakes import NOON


def a_chain(length: int = 4) -> list[AuditRow]:
    rows: list[AuditRow] = []
    for seq in range(1, length + 1):
        rows.append(
            seal(
                seq=seq,
                at=NOON + timedelta(minutes=seq),
                actor="小王",
                action="signal.acknowledged",
                object_id=f"A-{seq}",
                reason="已核实",
                payload=canonical({"from": "open"}),
                salt=f"salt-{seq}",
                previous_hash=rows[-1].row_hash if rows else FIRST_HASH,
            )
        )
    return rows


def test_an_untouched_chain_verifies() -> None:
    assert first_broken([]) is None
    assert first_broken(a_chain()) is None


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "小李"},
        {"action": "signal.closed"},
        {"object_id": "A-9"},
        {"reason": ""},
        {"at": NOON},
        {"payload": canonical({"from": "closed"})},
        {"salt": "another"},
        {"payload": "", "salt": "salt-2"},
        {"payload_hash": "0" * 64},
        {"previous_hash": FIRST_HASH},
        {"row_hash": "0" * 64},
        {"seq": 7},
    ],
    ids=lambda change: "+".join(change),
)
def test_a_changed_row_is_named(change: dict[str, object]) -> None:
    chain = a_chain()
    chain[1] = replace(chain[1], **change)  # type: ignore[arg-type]
    assert first_broken(chain) == chain[1].seq


def test_a_row_rewritten_with_its_hash_breaks_the_next() -> None:
    chain = a_chain()
    old = chain[1]
    chain[1] = seal(
        seq=old.seq,
        at=old.at,
        actor="小李",
        action=old.action,
        object_id=old.object_id,
        reason=old.reason,
        payload=old.payload,
        salt=old.salt,
        previous_hash=old.previous_hash,
    )
    assert first_broken(chain) == 3


def test_a_missing_row_is_noticed_and_so_is_a_swapped_one() -> None:
    first, second, third, fourth = a_chain()
    assert first_broken([first, third, fourth]) == 3
    assert first_broken([second, third, fourth]) == 2
    assert first_broken([first, third, second, fourth]) == 3


def test_an_erased_payload_leaves_the_chain_sound() -> None:
    chain = a_chain()
    chain[1] = replace(chain[1], payload="", salt="")
    assert first_broken(chain) is None


def test_two_equal_payloads_have_different_hashes() -> None:
    one, two, *_ = a_chain()
    assert one.payload == two.payload
    assert one.payload_hash != two.payload_hash


def test_the_canonical_form_does_not_depend_on_order() -> None:
    assert canonical({"b": 1, "a": "中"}) == canonical({"a": "中", "b": 1}) == '{"a":"中","b":1}'
