"""What the vendor does, with the world behind ports."""
