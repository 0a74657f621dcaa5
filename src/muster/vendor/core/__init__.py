"""Decisions of the vendor: the product definition, what a key still covers, the next keyset. Pure."""
