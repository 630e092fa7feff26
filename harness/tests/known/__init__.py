"""Models whose answer is known, judged as a real model is: a scale is shown weights."""
