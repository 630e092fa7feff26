"""Which claims are corrected together, written down once: Holm's correction runs over the claims of a family.

A family holds the verdicts that a reader takes in at one glance as answers to one question: among them a lucky one
would be believed. It is as small as the question, for every claim more costs the others power. The comparisons of a
claim need no correction among themselves: all must hold. Claims that are exact have no p values, and stand in a family
of their own that corrects nothing.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """Claims that share one family-wise error rate."""

    question: str
    claims: tuple[str, ...]


FAMILIES = {
    "performance": Family("Does learning in context work, and how well?", ("C1", "C2", "C3")),
    "similarity": Family("Is it like finetuning, as the paper measures that?", ("C10", "C11", "C12", "C13")),
    "approximation": Family("Does the theory's linear form hold of the model?", ("C9", "Q1")),
    "regression": Family("Does training find the gradient step?", ("Q2",)),
    "momentum": Family("Does momentum attention help, and is it the momentum?", ("C14", "C15", "Q3")),
    "rivals of prediction": Family("Are predictions alike beyond what accuracy explains?", ("O3", "O8")),
    "rivals of representation and attention": Family(
        "Is the similarity one of training, of labels, of the example, of the task?", ("O1", "O2", "O4", "O6", "O9")
    ),
    "scale": Family("How high is it for what it could be?", ("Q4",)),
    "rivals of process": Family("Do ICL and finetuning work alike?", ("O5", "O7")),
    "growth": Family("Does it grow with the model?", ("S1", "S2")),
    "smaller models": Family("Is reading demonstrations better than a smaller model's training on them?", ("S3",)),
    "algebra": Family("Are the identities true? Exact: nothing to correct.", ("C4", "C5", "C6", "C7", "C8")),
}
