"""Template tags of the design system; every tag with an example is in docs/components.md."""
