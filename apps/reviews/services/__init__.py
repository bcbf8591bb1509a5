"""Commands of reviews; see the package's docstring for their signatures."""
