"""What a run knows of itself: counts, times, budgets, reports, and the journal that outlives a process."""
