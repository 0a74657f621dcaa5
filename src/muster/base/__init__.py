"""What every other room may lean on: errors, clock, entropy, settings, log, terminal.

A closed list of six modules that import the standard library only.
"""
