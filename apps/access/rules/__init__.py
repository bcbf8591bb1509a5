"""Who may do what to requests, grants and emergency access; each answer has its reason."""
