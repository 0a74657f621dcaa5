"""Planning: the real cores of machines, hosts and discovery on a simulated clock (docs/operate/simulate.md)."""
