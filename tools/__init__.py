"""Scripts that the Makefile calls, and what makes the generated files."""
