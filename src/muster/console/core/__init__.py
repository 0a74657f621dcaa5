"""What the console decides, without a network: targets, selections, answers of machines, plans, verdicts."""
