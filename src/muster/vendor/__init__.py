"""The vendor: product catalogue, keys, confirmations, limits, keysets and the record of it all.

Rooms as in every program: `core` decides, `ports` says what is needed of the world, `adapters` meet it, `service` does one
thing after the other, `app` composes, `cli` is what people type.
"""
