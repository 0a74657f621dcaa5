"""The schema of activation objects for directories that let schemas be added (RFC 4512 §4.1; spec/directory.md §Schema).

OIDs below 2.25 belong to whoever drew the UUID behind them (ITU-T X.667): nobody had to be asked for this one. Once
published, neither numbers nor meanings change. Active Directory needs none of this.
"""

from __future__ import annotations

import uuid

from muster.wire.directory import CONTAINER_CLASS, OBJECT_CLASS

ROOT = uuid.UUID("32377efa-95c6-4dff-a77e-2ef237fc33cd")
OID = f"2.25.{ROOT.int}"

_OCTETS = "EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40"
_ATTRIBUTES = (
    (
        f"( {OID}.1.1 NAME 'musterVendor' DESC 'Muster: vendor id, 16 hexadecimal digits' EQUALITY caseIgnoreMatch"
        " SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )"
    ),
    (
        f"( {OID}.1.2 NAME 'musterScope' DESC 'Muster: number of the group' EQUALITY integerMatch"
        " SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )"
    ),
    f"( {OID}.1.3 NAME 'musterCertificate' DESC 'Muster: certificate of the directory' {_OCTETS} SINGLE-VALUE )",
    f"( {OID}.1.4 NAME 'musterKeyset' DESC 'Muster: newer keysets of the vendor' {_OCTETS} )",
)
_CLASSES = (
    (
        f"( {OID}.2.1 NAME '{CONTAINER_CLASS}' DESC 'Muster: holds activation objects' SUP top STRUCTURAL MUST cn"
        " MAY description )"
    ),
    (
        f"( {OID}.2.2 NAME '{OBJECT_CLASS}' DESC 'Muster: activates the machines of a directory' SUP top STRUCTURAL"
        " MUST ( cn $ musterVendor $ musterScope $ musterCertificate ) MAY ( musterKeyset $ description ) )"
    ),
)

OPENLDAP_DN = "cn=muster,cn=schema,cn=config"
FORMS = ("openldap", "slapd.conf", "389")


def openldap_attributes() -> dict[str, tuple[bytes, ...]]:
    """The entry `OPENLDAP_DN` that adds the schema to a running OpenLDAP."""
    return {
        "objectClass": (b"olcSchemaConfig",),
        "cn": (b"muster",),
        "olcAttributeTypes": tuple(row.encode() for row in _ATTRIBUTES),
        "olcObjectClasses": tuple(row.encode() for row in _CLASSES),
    }


def schema_text(form: str) -> str:
    """The schema as one of `FORMS` is read: LDIF for OpenLDAP's cn=config, a slapd.conf include, or LDIF for 389."""
    if form == "slapd.conf":
        rows = [f"attributetype {row}" for row in _ATTRIBUTES] + [f"objectclass {row}" for row in _CLASSES]
        return "\n".join(rows) + "\n"
    if form == "389":
        head = ["dn: cn=schema", "changetype: modify"]
        attributes = ["add: attributeTypes", *(f"attributeTypes: {row}" for row in _ATTRIBUTES), "-"]
        classes = ["add: objectClasses", *(f"objectClasses: {row}" for row in _CLASSES), "-"]
        return "\n".join((*head, *attributes, *classes)) + "\n"
    rows = [f"dn: {OPENLDAP_DN}", "objectClass: olcSchemaConfig", "cn: muster"]
    rows += [f"olcAttributeTypes: {row}" for row in _ATTRIBUTES] + [f"olcObjectClasses: {row}" for row in _CLASSES]
    return "\n".join(rows) + "\n"
