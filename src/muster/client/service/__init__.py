"""The licensing service: what happens on one machine, with the world behind ports."""
