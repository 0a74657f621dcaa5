"""Directories by LDAP: a port in our own words, one way over the network, one directory in memory.

The network way is a child process with libldap in it (`directory_process`): whatever a server does, the child can be ended
at any instant, and nobody else carries those libraries. No licensing decision is made here.
"""
