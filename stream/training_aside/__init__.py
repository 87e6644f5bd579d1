"""The process that trains beside a run: takes frames, keeps the varied ones, and fine-tunes a model on them."""
