"""The console's hands: database, SSH, files."""
