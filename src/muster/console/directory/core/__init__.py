"""What `muster directory` decides: no network, no clock."""
