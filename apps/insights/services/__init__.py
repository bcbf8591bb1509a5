"""Commands of insights: it writes only its own tables."""
