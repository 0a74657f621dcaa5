"""The administrator's tools of an organisation."""
