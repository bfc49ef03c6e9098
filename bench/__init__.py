"""How fast the engine is beside a bare workflow that takes the same number of commands, in one run."""
