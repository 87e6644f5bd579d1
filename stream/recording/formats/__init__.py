"""Other people's file formats, one module each; `sonolucent.stream.recording.open` tells them apart."""
