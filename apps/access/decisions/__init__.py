"""The decision point: may this subject do this to this resource now? Answers over live grants and policies."""
