"""The documentation as a site: staged from `docs/` and `spec/`, built by Zensical, checked; nothing of it asks the Internet."""
