"""What tests do with canvases: draw them at random, and run them readably."""
