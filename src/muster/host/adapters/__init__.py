"""One file per outside thing that the host needs, named for it. No licensing decision lives here."""
