"""A whole world on loopback: vendor, name server, activation host and machines.

Nothing in here is for production.
"""
