"""The work of `muster directory`, on a directory that was logged in to."""
