"""`Listings` by SQLAlchemy Core: paged by the database and found by indexes, so that a page of millions costs what 50 cost."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from muster.trust.productkey import KeyKind
from muster.vendor.adapters import tables as t
from muster.vendor.adapters.sql_audit import read_audit, select_audit
from muster.vendor.adapters.sql_lists import distinct, found, is_number, listed, where
from muster.vendor.adapters.sql_rows import read_key, select_keys, utc
from muster.vendor.adapters.sql_tally import SqlTally
from muster.vendor.core.ledger import Cost
from muster.vendor.core.tally import Noun
from muster.vendor.ports import Activation, AuditRow, KeyRow, Listed, Search
from muster.wire.installation import SubjectKind

ABOUT_KEYS, BLOCKED = sa.text("audit.action LIKE 'key.%'"), sa.text("product_key.is_blocked")
"""As their indexes say it."""
MANY = 1_000
"""So many customers or keys are named to the database by number; more are looked for by it, row after row."""
PARTIAL_LENGTH = 5

_KEY = t.product_key.c


class SqlListings(SqlTally):
    """See `Listings`."""

    def list_keys(self, search: Search) -> Listed[KeyRow]:
        """See `Listings`."""
        query = select_keys()
        if search.text:
            query = query.where(self._keys_of(search.text))
        if search.organisation is not None:
            query = query.where(_KEY.organisation_id == search.organisation)
        states: dict[str, sa.ColumnElement[bool] | sa.TextClause] = {
            "blocked": BLOCKED,
            "exhausted": _is_pool() & (_KEY.used >= _KEY.activations),
            "open": ~_KEY.is_blocked & ~(_is_pool() & (_KEY.used >= _KEY.activations)),
        }
        whole = None if _narrows(search) else lambda: self.totals().keys
        return listed(self._do, where(query, states, search), search, _KEY.id.desc(), read_key, whole=whole)

    def list_machines(self, search: Search) -> Listed[Activation]:
        """See `Listings`."""
        own = t.machine.c
        nothing = sa.literal(SubjectKind.MACHINE.value).label("kind"), sa.literal(None).label("replaced_by")
        columns = own.id.label("number"), own.key_id, own.cost, own.created_at, *nothing
        query = sa.select(*columns, sa.false().label("is_withdrawn"), *_BEHIND).select_from(
            t.machine.join(t.product_key).join(t.organisation)
        )
        whole = None if _narrows(search) else lambda: self.totals().machines
        query = self._behind(query, search, own.key_id, own.id)
        return listed(self._do, query, search, own.id.desc(), _activation, whole=whole)

    def list_certificates(self, search: Search) -> Listed[Activation]:
        """See `Listings`."""
        own = t.certificate.c
        columns = own.serial.label("number"), own.key_id, own.cost, own.created_at, own.kind, own.replaced_by
        query: sa.Select[Any] = sa.select(*columns, own.is_withdrawn, *_BEHIND).select_from(
            t.certificate.join(t.product_key, own.key_id == _KEY.id).join(
                t.organisation, _KEY.organisation_id == t.organisation.c.id
            )
        )
        states = {
            "withdrawn": own.is_withdrawn,
            "replaced": own.replaced_by.is_not(None),
            "open": ~own.is_withdrawn & own.replaced_by.is_(None),
        }
        whole = None if _narrows(search) else lambda: self.totals().hosts
        query = where(self._behind(query, search, own.key_id, own.serial), states, search)
        return listed(self._do, query, search, own.serial.desc(), _activation, whole=whole)

    def list_audit(self, search: Search) -> Listed[AuditRow]:
        """See `Listings`."""
        own = t.audit.c
        query = select_audit()
        if search.text:
            named = sa.select(t.person.c.id).where(found(search.text, t.person.c.name)).limit(MANY)
            people = self._do(named).scalars().all()
            words = found(search.text, own.action, own.subject)
            query = query.where(words | own.actor_id.in_(people) | own.about_id.in_(people) if people else words)
        if search.key is not None:
            query = query.where(own.subject == str(search.key), ABOUT_KEYS)
        whole = None if search.text or search.key is not None else lambda: self.tallied(Noun.ROW)
        return listed(self._do, query, search, own.id.desc(), read_audit, whole=whole)

    def nearly_exhausted(self, most: int) -> tuple[KeyRow, ...]:
        """See `Listings`."""
        full = _KEY.used * 1.0 / _KEY.activations
        newest = self._do(sa.select(t.low_pool.c.key_id).order_by(t.low_pool.c.at.desc()).limit(MANY)).scalars().all()
        low = select_keys().where(_KEY.id.in_(newest), ~_KEY.is_blocked, _IS_LOW)
        return tuple(map(read_key, self._do(low.order_by(full.desc(), _KEY.id).limit(most))))

    def _keys_of(self, text: str) -> sa.ColumnElement[bool]:
        """Which keys the text names: by customer, by what they are for, by last characters, by number; each by an index."""
        named = sa.select(t.organisation.c.id).where(found(text, t.organisation.c.name))
        customers = self._do(named.limit(MANY + 1)).scalars().all()
        scopes = [scope for scope in distinct(self._do, _KEY.scope_name) if text.lower() in scope.lower()]
        words: list[sa.ColumnElement[bool]] = [is_number(text, _KEY.id)]
        if customers:
            words.append(_KEY.organisation_id.in_(customers if len(customers) <= MANY else named))
        if scopes:
            words.append(_KEY.scope_name.in_(scopes))
        if len(text) == PARTIAL_LENGTH:
            words.append(_KEY.partial == text.upper())
        return sa.or_(*words)

    def _behind(
        self, query: sa.Select[Any], search: Search, key_id: sa.Column[Any], number: sa.Column[Any]
    ) -> sa.Select[Any]:
        """Only what was given under the keys that were searched for, or has the number."""
        if search.key is not None:
            query = query.where(key_id == search.key)
        own = [_KEY.organisation_id == search.organisation] if search.organisation is not None else []
        if search.text:
            its = self._under([*own, self._keys_of(search.text)], key_id)
            return query.where(*own, its | is_number(search.text, number))
        return query.where(self._under(own, key_id)) if own else query

    def _under(self, which: list[sa.ColumnElement[bool]], key_id: sa.Column[Any]) -> sa.ColumnElement[bool]:
        keys = self._do(sa.select(_KEY.id).where(*which).limit(MANY + 1)).scalars().all()
        return key_id.in_(keys) if len(keys) <= MANY else sa.and_(*which)


_BEHIND = _KEY.partial, _KEY.scope_name, t.organisation.c.name.label("organisation")


def _narrows(search: Search) -> bool:
    return bool(search.text or search.state) or search.organisation is not None or search.key is not None


def _activation(row: Any) -> Activation:
    return Activation(
        row.number,
        SubjectKind(row.kind),
        row.key_id,
        row.partial,
        row.scope_name,
        row.organisation,
        Cost(row.cost),
        utc(row.created_at),
        bool(row.is_withdrawn),
        row.replaced_by,
    )


def _is_pool() -> sa.ColumnElement[bool]:
    return sa.and_(_KEY.kind == int(KeyKind.MAK), _KEY.activations > 0)


_IS_LOW = sa.and_(_is_pool(), _KEY.used * 5 >= _KEY.activations * 4)
