"""Several scanners on one host: a process for the pipeline of each, and a page that lists them."""
