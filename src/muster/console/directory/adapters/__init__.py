"""The world as `muster directory` meets it."""
