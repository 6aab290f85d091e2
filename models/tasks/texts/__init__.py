"""The search in collected titles and comments: by their bigrams, in a table beside them."""
