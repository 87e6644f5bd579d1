"""How messages cross from one stage to the next: the wire format, sockets, flow control. Knows no stage."""
