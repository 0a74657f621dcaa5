"""What several programs share of the outside world. No licensing decision is made here."""
