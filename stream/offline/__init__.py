"""Work on recordings that nobody waits for: training data, evaluation, pictures. Streams nothing."""
