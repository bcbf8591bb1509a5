"""What access tells the floors below at start-up."""
