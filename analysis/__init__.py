"""Pure: text and counts in, scores and spikes out."""
