"""The activation host: counts machines, answers activation requests, publishes itself in DNS."""
