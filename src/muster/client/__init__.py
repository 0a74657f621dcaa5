"""The licensing service of a machine: activates, renews, and tells programs and users the state.

Rooms as in every program: `core` decides, `ports` says what is needed of the world, `adapters`
meet it, `service` moves bytes between the two, `app` composes, `cli` is what people type.
"""
