"""The loop of the host: moves bytes between sockets, the core and the store, and decides nothing."""
