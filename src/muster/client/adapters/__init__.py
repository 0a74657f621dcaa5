"""One file for each outside thing the licensing service meets, named for it."""
