"""A scanner in a box: serves simulated or recorded frames as a live scanner does."""
