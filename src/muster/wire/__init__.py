"""Bytes to records that never change and back: the shapes of ``spec/``, and nothing else.

Decoders take hostile bytes: they check the size first, then read one fixed shape strictly, and raise `Malformed`.
Nothing here verifies a signature, reads a clock or decides anything.
"""
