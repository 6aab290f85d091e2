"""The console: the pages from which people run the shelf, apart from the customers' API."""
