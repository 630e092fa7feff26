"""Facts about the judge: values worked by hand, textbook procedures and simulated claims."""
