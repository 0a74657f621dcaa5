"""Who is believed, and why: signatures, keysets, certificates, keys, ids, hardware, and the state that follows from them.

Every check of ``spec/trust.md`` stands here, free of I/O, clocks and chance: bytes, records and `now` come in, verified
values go out, or `Untrusted`, `Refused` or `Malformed` is raised and nothing has changed.
"""
