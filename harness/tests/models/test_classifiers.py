"""Small text classifiers: features of the labelled texts alone, and logistic regression, by hand and by plain ways."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.special import log_softmax, softmax
from sklearn.feature_extraction.text import TfidfVectorizer

from harness.models.classifiers import CHARACTERS, PENALTY, WORD, WORDS, NGramCounts, answer_probabilities, count_ngrams

TEXTS = ["A good film, good!", "a bad film :(", "Bad, bad acting", "good acting :)", "what a film"]
NONE = np.zeros((1, 0))


def test_weights_by_hand() -> None:
    """Words a, b, c; labelled: 'a a b' and 'a'. idf(a) = 1, idf(b) = 1 + ln(3/2); tf(a twice) = 1 + ln 2; c unknown."""
    counts = NGramCounts(csr_array(np.array([[2, 1, 0], [1, 0, 0], [0, 3, 4]])), csr_array(np.ones((3, 1), int)))
    labelled, asked = counts.features(np.array([0, 1]), np.array([2]))
    first = np.array([1 + math.log(2), 1 + math.log(1.5)])
    assert labelled.toarray() == pytest.approx(np.array([[*first / np.linalg.norm(first), 1], [1, 0, 1]]))
    assert asked.toarray() == pytest.approx(np.array([[0, 1, 1]]))


def test_features_are_those_of_a_vectorizer_that_saw_the_labelled_texts_alone() -> None:
    """Inner products of all features are those of scikit-learn's own TF-IDF, fitted on three texts of five."""
    labelled, asked = np.array([3, 0, 1]), np.array([4, 2])
    found = np.vstack([of.toarray() for of in count_ngrams(TEXTS).features(labelled, asked)])
    plain = []
    for vectorizer in (
        TfidfVectorizer(ngram_range=WORDS, token_pattern=WORD, sublinear_tf=True),
        TfidfVectorizer(ngram_range=CHARACTERS, analyzer="char_wb", sublinear_tf=True),
    ):
        vectorizer.fit([TEXTS[i] for i in labelled])
        plain.append(vectorizer.transform([TEXTS[i] for i in (*labelled, *asked)]).toarray())
    whole = np.hstack(plain)
    assert found.shape == whole.shape
    assert found @ found.T == pytest.approx(whole @ whole.T)


def test_signs_are_words() -> None:
    """Smileys tell two texts apart that have the same letters, and a text of signs alone has n-grams."""
    of_labelled, _ = count_ngrams(["x :)", "x :(", "?"]).features(np.array([0, 1]), np.array([2]))
    assert (of_labelled.toarray()[0] != of_labelled.toarray()[1]).any()
    assert count_ngrams(["?"]).words.sum() == 1


@pytest.mark.parametrize("answers", [2, 3])
def test_logistic_regression_is_the_least_of_its_loss(answers: int) -> None:
    """A plain minimiser of the loss as it is written down ends at the same probabilities."""
    rng = np.random.default_rng(answers)
    features, labels = rng.normal(size=(40, 3)) / 10, rng.integers(answers, size=40)
    rows = answers if answers > 2 else 1

    def scores(flat: np.ndarray, of: np.ndarray) -> np.ndarray:
        weights, shift = flat[: rows * 3].reshape(rows, 3), flat[rows * 3 :]
        found = of @ weights.T + shift
        return np.hstack([np.zeros_like(found), found]) if rows == 1 else found

    def loss(flat: np.ndarray) -> float:
        taken = log_softmax(scores(flat, features), axis=1)[np.arange(40), labels]
        return float((flat[: rows * 3] ** 2).sum() / 2 - PENALTY * taken.sum())

    least = minimize(loss, np.zeros(rows * 4), options={"gtol": 1e-3, "maxiter": 10_000}).x
    found = answer_probabilities(features, labels, features[:5], answers)
    assert found == pytest.approx(softmax(scores(least, features[:5]), axis=1), abs=1e-4)


def test_one_class_alone_answers_that_class() -> None:
    """Where all labels are 1 of three answers, 1 is certain: nothing else was ever seen."""
    found = answer_probabilities(np.eye(2), np.array([1, 1]), np.ones((2, 2)), 3)
    assert found.tolist() == [[0, 1, 0], [0, 1, 0]]


def test_answer_without_a_label_is_never_given() -> None:
    """Labels are 0 and 2 of three: their probabilities sum to 1, each text's own answer ahead."""
    found = answer_probabilities(np.eye(2), np.array([0, 2]), np.eye(2), 3)
    assert found[:, 1].tolist() == [0, 0]
    assert found.sum(axis=1) == pytest.approx(np.ones(2))
    assert found.argmax(axis=1).tolist() == [0, 2]
