"""Everything with time, sockets, processes, files or users."""
