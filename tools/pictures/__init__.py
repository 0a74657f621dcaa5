"""Pictures of every page for the documentation, taken from real running pages; see ``__main__`` and ``listed``."""
