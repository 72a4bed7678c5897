"""How a rendered response leaves: its bytes at their times, its hangs and cuts."""
