"""The commands of `sonolucent`, one module each with `main(arguments) -> exit status`."""
