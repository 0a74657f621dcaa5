"""The API for a vendor's own programs, under ``/v1/admin`` (docs/operate/admin-api.md)."""
