"""The distributed bus: a relay from the ledger to Kafka, and workers that run the same handlers from it."""
