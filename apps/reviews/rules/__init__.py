"""Who may do what in reviews, and what terms a review may have."""
