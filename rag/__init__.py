"""A question in, a cited answer out. Knows nothing of the page that shows it."""
