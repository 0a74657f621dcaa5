"""The vendor's service over HTTP: the API for programs, and pages for people."""
