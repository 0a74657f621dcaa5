"""The ``host.toml`` that a new home gets: every setting with its default, commented out."""

from __future__ import annotations

EXAMPLE = """\
# Settings of this activation host. Everything here is a default; remove the # in front of what you change.
# The environment (MUSTER_HOST_...) and flags of `muster host serve` win over this file.

# listen = ["0.0.0.0:1688"]
# renewal = "7d"                  # told to activated machines, 15min to 30d
# store = "sqlite"                # or one count for several hosts: "postgresql://muster@db.corp.example/muster"
# retry = "2h"                    # told to machines that are not activated yet
# allow = []                      # prefixes answered beside private addresses, like "198.51.100.0/24"

[dns]
# publish = true                  # again every 24 hours, when there is a key below
# server = "192.0.2.53:53"        # default: the zone's primary server
# target = "kms1.corp.example"    # default: this machine's full name
# addresses = ["192.0.2.7"]       # default: this machine's own
# zones = [{ zone = "corp.example", priority = 0, weight = 0 }]      # default: the domain of target
# tsig_key_file = "update.key"    # BIND's key format; beside this file
# gss = false                     # true: signed by Kerberos, in domains of Active Directory
# keytab = "/etc/krb5.keytab"     # whose keys sign
# principal = ""                  # default: the keytab's first
# unsigned = false                # true: send updates without a signature
"""
