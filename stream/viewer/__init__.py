"""The viewer: a page in the browser that shows the plain and the enhanced image side by side, live."""
