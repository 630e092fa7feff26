"""Facts about the metrics: values worked by hand, properties, and plain loops written from the paper."""
