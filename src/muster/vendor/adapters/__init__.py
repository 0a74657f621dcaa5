"""One file for each outside thing the vendor meets: the database, the boxes with private keys."""
