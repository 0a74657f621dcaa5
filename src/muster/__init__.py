"""Muster: volume activation of software, from a vendor's keys to the machines of an organisation."""

__version__ = "0.1.0"
