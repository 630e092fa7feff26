"""From verdicts to a page that anyone can read: the document, its figures and its HTML."""
