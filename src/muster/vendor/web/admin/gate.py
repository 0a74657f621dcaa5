"""Who may ask the API of administrators: programs with a bearer token."""

from __future__ import annotations

from fastapi import APIRouter

from muster.platform.pages.bearer import Asking, Gate, token_router

__all__ = ["PREFIX", "Asking", "Gate", "admin_router"]

PREFIX = "/v1/admin"


def admin_router(tag: str) -> APIRouter:
    """A router of endpoints that only tokens reach."""
    return token_router(PREFIX, tag)
