"""What a vendor's own systems are told of activations: pools that run out, hosts refused, wrong tags in numbers."""

from __future__ import annotations

from collections.abc import Callable

from muster.base.errors import Code, MusterError
from muster.vendor.core.webhooks import ONCE_WITHIN, Event, event_of_use
from muster.vendor.ports import Books, KeyRow
from muster.vendor.service.vendor import Vendor
from muster.vendor.service.webhooks import key_data, tell
from muster.vendor.service.wrong_tags import SLOTS, WINDOW, many, slot_of


def notice_use(vendor: Vendor, books: Books, key: KeyRow, used: int) -> None:
    """Tell that the pool of a key, which had `key.used`, has `used` now; in the transaction that spends."""
    event = event_of_use(key.used, used, key.activations)
    if event is not None:
        tell(vendor, books, event, str(key.id), key_data(key) | {"used": used, "activations": key.activations})


def notice_refusal(vendor: Vendor, refusal: MusterError, reference: bytes, behind: Callable[[Books], KeyRow]) -> None:
    """Tell of a refusal, in a transaction of its own: what was refused left nothing behind."""
    if refusal.code is Code.HOST_LIMIT_REACHED:

        def work(books: Books) -> None:
            key = behind(books)
            data = key_data(key) | {"hosts": key.hosts, "reactivations": key.reactivations}
            tell(vendor, books, Event.HOST_LIMIT_REACHED, str(key.id), data, once_within=ONCE_WITHIN)

        vendor.store.run(work)
    elif refusal.code is Code.KEY_UNKNOWN:
        vendor.wrong_tags.count(reference, vendor.clock.now())


def share_wrong_tags(vendor: Vendor) -> None:
    """Add what this node counted to what all nodes did, and tell where it became many."""
    now = vendor.clock.now()
    counted = vendor.wrong_tags.take(now)
    if not counted:
        return

    def work(books: Books) -> None:
        for name, number in books.count_wrong_tags(counted, slot_of(now) - SLOTS + 1).items():
            if number >= many(name):
                data = {
                    "reference": name.hex() or None,
                    "count": number,
                    "within_seconds": int(WINDOW.total_seconds()),
                }
                tell(vendor, books, Event.WRONG_TAGS, name.hex() or "any", data, once_within=ONCE_WITHIN)

    try:
        vendor.store.run(work, holding=True)
    except MusterError:
        vendor.wrong_tags.give_back(counted)
        raise
