"""Work that is not one answer: training, batches, streams."""
