"""The self-test of the replay: mutants in front of cassettes."""
