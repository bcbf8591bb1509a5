"""Signatures of models: reading bundles, measuring files, and judging both with the model-signing library."""
