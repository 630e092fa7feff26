"""Prompts: counted by hand with a byte tokenizer, and held to the default model's tokenizer on the movie task."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast

import fixtures
from harness.data import Example, LeftOut, Task
from harness.errors import HarnessError
from harness.models.loading import load_prompt_builder, quiet_transformers
from harness.prompts import PromptBuilder, Prompts, draw_demonstrations, first_examples
from harness.tasks import load_task
from harness.tasks.catalogue import read_tasks
from harness.tests.byte_tokenizer import byte_tokenizer
from harness.tests.model_folders import tokenizer
from harness.tests.models.default import STORE, default_source

ANSWERS = (("Ġ", "N"), ("Ġ", "P"))  # merges that give ' No' and ' Pos' unlike first tokens


def example(text: str, label: int = 0) -> Example:
    """Return an example of one text."""
    return Example({"text": text}, label, sha256(text.encode()).hexdigest())


def task(*answers: str, template: str = "{text} is", pool: Sequence[Example] = ()) -> Task:
    """Return a task that asks '{text} is' and is answered with one of the words."""
    return Task("toy", template, answers or ("No", "Pos"), tuple(pool), tuple(pool), tuple(pool), "", "", "")


def builder(context: int = 100, *merges: tuple[str, str], separator: str = "\n", words: bool = True) -> PromptBuilder:
    """Return a builder on a byte tokenizer; a text starts with '<s>', token 0."""
    return PromptBuilder(byte_tokenizer(*(merges or ANSWERS), words=words), 0, separator, context)


def read(tokens: Sequence[int]) -> str:
    """Return the text that a byte tokenizer's tokens stand for."""
    return str(byte_tokenizer(*ANSWERS).decode(list(tokens)))


DEMONSTRATIONS = (example("ab", 1), example("héllo, wörld", 0), example("cd", 1))
SHOWN = ("ab is Pos", "héllo, wörld is No", "cd is Pos")


def built(context: int = 200, separator: str = "\n") -> Prompts:
    """Return two queries behind three demonstrations."""
    return builder(context, separator=separator).build(task(), DEMONSTRATIONS, (example("ef", 1), example("g h i")))


def test_whole_prompt_reads_as_the_paper_has_it() -> None:
    """Start token, demonstrations with a newline behind each, then the query without its answer."""
    prompts = built()
    whole = [read((*prompts.prefix, *query)) for query in prompts.queries]
    assert whole == [f"<s>{SHOWN[0]}\n{SHOWN[1]}\n{SHOWN[2]}\n{query} is" for query in ("ef", "g h i")]
    assert prompts.gold == (1, 0)


def test_spans_are_the_demonstrations_tokens() -> None:
    """Each span reads as its demonstration with its answer, and outside of them are start and separators only."""
    prompts = built()
    assert tuple(read(prompts.prefix[first:last]) for first, last in prompts.spans) == SHOWN
    outside = set(range(len(prompts.prefix))) - {i for first, last in prompts.spans for i in range(first, last)}
    assert read([prompts.prefix[i] for i in sorted(outside)]) == "<s>\n\n\n"


def test_training_texts_have_the_spans_tokens() -> None:
    """What finetuning trains on is the start token and the very tokens that the context shows."""
    prompts = built()
    assert prompts.demonstrations == tuple((0, *prompts.prefix[first:last]) for first, last in prompts.spans)


def test_special_separator_is_one_token() -> None:
    """A separator that names a special token is that token, not its letters."""
    prompts = built(separator="<s>")
    assert [prompts.prefix[last] for _, last in prompts.spans] == [0, 0, 0]
    assert len(prompts.prefix) == len(built().prefix)


def test_names_of_special_tokens_in_data_stay_text() -> None:
    """A text that says '<s>' is three letters to the model: data can't start a document."""
    prompts = builder().build(task(), (example("a <s> b"),), (example("<s>"),))
    assert 0 not in prompts.prefix[1:]
    assert 0 not in prompts.queries[0]
    assert read(prompts.queries[0]) == "<s> is"


def test_answer_tokens_follow_one_space() -> None:
    """' No' and ' Pos' start with the merged tokens ' N' and ' P', and the answers are in the task's order."""
    assert [read([token]) for token in builder().answer_tokens(task())] == [" N", " P"]
    assert [read([token]) for token in builder().answer_tokens(task("Pos", "No"))] == [" P", " N"]


def test_answers_with_the_same_first_token_are_refused() -> None:
    """' Pos' and ' Par' both start with ' P': one logit can't tell them apart, so both are named."""
    with pytest.raises(HarnessError, match=r"'Pos' and 'Par' start with the same token \(' P'\)"):
        builder().build(task("Pos", "No", "Par"), (), (example("a"),))


def test_answer_that_merges_with_the_text_before_is_refused() -> None:
    """Where 's' and the space are one token, the query's last token is not the prompt's: no logit is the answer's."""
    joining = builder(100, ("s", "Ġ"), words=False)
    with pytest.raises(HarnessError, match="joins the answer word 'Pos' with the text before it"):
        joining.build(task("Pos", "No"), (example("ab"),), (example("cd"),))


@pytest.mark.parametrize(("context", "fit"), [(15, 1), (23, 1), (24, 2), (32, 2), (33, 3)])
def test_full_context_holds_fewer_demonstrations(context: int, fit: int) -> None:
    """Start 1, query 'ef is' 5, each 'ab is Pos' 2 + 3 + 3 and its separator 1: k of them need 6 + 9 k tokens."""
    some = tuple(example(text, 1) for text in ("ab", "cd", "gh"))
    prompts = builder(context).build(task(), some, (example("ef"),))
    assert len(prompts.spans) == len(prompts.demonstrations) == fit


def test_longest_query_decides() -> None:
    """All queries share one prefix, so the longest (25 tokens) decides how much fits, wherever it stands."""
    some = tuple(example(text, 1) for text in ("ab", "cd"))
    long = example("a query of some length")
    counts = [len(builder(41).build(task(), some, order).spans) for order in ([example("e"), long], [long])]
    assert counts == [1, 1]
    assert len(builder(41).build(task(), some, [example("e")]).spans) == 2


def test_no_demonstration_fits() -> None:
    """One token less than the first demonstration needs, and there is nothing to learn from."""
    with pytest.raises(HarnessError, match=r"no demonstration fits beside the longest query .* of 14 tokens"):
        builder(14).build(task(), (example("ab", 1),), (example("ef"),))


def test_query_that_does_not_fit() -> None:
    """'ef is' has 5 tokens: with the start token they fit a context of 6, not of 5."""
    assert builder(6).build(task(), (), (example("ef"),)).prefix == (0,)
    with pytest.raises(HarnessError, match=r"these do not fit .* context of 5: 'ef' .*, a query of 5 tokens;"):
        builder(5).build(task(), (), (example("ef"),))


def test_examples_that_are_too_long_are_named() -> None:
    """Where their rows stand, how they begin and how long they are, of the first five; others fit."""
    long = [replace(example(f"{i} " + "word " * 20), place=f"test.jsonl:{i}") for i in range(1, 8)]
    with pytest.raises(HarnessError) as caught:
        builder(50).build(task(), (), (example("ef"), *long))
    said = str(caught.value)
    assert "test.jsonl:1: '1 word word " in said
    assert " (102 characters), a query of 105 tokens; test.jsonl:2: '2 word" in said
    assert "test.jsonl:5: " in said
    assert "; perhaps more; leave long examples out" in said
    assert "test.jsonl:6" not in said


def test_text_that_no_context_holds_is_not_tokenized() -> None:
    """Half a megabyte takes a tokenizer long: as query it is named, as demonstration it ends the set."""

    class Never:
        all_special_tokens = ()

        def __call__(self, text: str, **_: object) -> dict[str, list[int]]:
            assert len(text) < 100_000, "tokenized"
            return {"input_ids": [1] * len(text)}

    never = PromptBuilder(Never(), 0, "\n", 100)
    endless = replace(example("word " * 100_000), place="test.jsonl:17")
    with pytest.raises(HarnessError, match=r"l:17: 'word word .*\(500,000 characters\), more than 128 characters"):
        never.build(task(), (), (example("ef"), endless))
    with pytest.raises(HarnessError, match=r"no demonstration fits .* the first is test\.jsonl:17: 'word word "):
        never.build(task(), (endless,), (example("ef"),))


def test_query_among_its_demonstrations_is_refused() -> None:
    """A query that is shown with its answer would be read off, whatever label it carries."""
    with pytest.raises(HarnessError, match="1 examples are both demonstration and query"):
        builder().build(task(), (example("ab", 1), example("cd")), (example("ef"), example("cd", 1)))


def test_demonstration_sets_are_drawn_without_repetition() -> None:
    """A set holds examples of the pool, each once; the same seed draws the same, another candidate another."""
    toy = task(pool=[example(str(i)) for i in range(50)])
    first, again, other = (draw_demonstrations(toy, 10, 3, candidate) for candidate in (0, 0, 1))
    assert first == again != other
    assert len({e.content_hash for e in first}) == 10
    assert set(map(id, first)) <= set(map(id, toy.demonstration_pool))


def test_fewer_demonstrations_are_the_first_of_more() -> None:
    """Asking for fewer changes none of those that stay."""
    toy = task(pool=[example(str(i)) for i in range(50)])
    assert draw_demonstrations(toy, 20, 0, 2)[:5] == draw_demonstrations(toy, 5, 0, 2)


def test_too_few_examples_are_said() -> None:
    """Three examples can't give four: the error names the option that asks for fewer."""
    toy = task(pool=DEMONSTRATIONS)
    with pytest.raises(HarnessError, match=r"'toy' has 3 examples .*, 4 were asked; .*--demonstrations"):
        draw_demonstrations(toy, 4, 0, 0)
    for part, option in (("test", "--queries"), ("dev", "--dev-queries")):
        with pytest.raises(HarnessError, match=rf"'toy' has 3 {part} examples, 4 were asked; .*{option} "):
            first_examples(toy, part, 4)
    assert first_examples(toy, "test", 3) == DEMONSTRATIONS


def test_too_few_examples_are_said_with_what_was_left_out() -> None:
    """Where all of train is in test too, nobody need ask where its 70 rows are."""
    toy = replace(task(), left_out=(LeftOut("train", "in test too", 70), LeftOut("test", "copies", 1200)))
    said = r"; left out were 70 of train \(in test too\), 1,200 of test \(copies\); ask for fewer with"
    with pytest.raises(HarnessError, match=rf"'toy' has 0 dev examples, 10 were asked{said} --dev-queries"):
        first_examples(toy, "dev", 10)
    with pytest.raises(HarnessError, match=rf"0 examples to draw demonstrations from, 10 were asked{said} --demonstr"):
        draw_demonstrations(toy, 10, 0, 0)


@pytest.fixture(scope="module")
def real() -> PromptBuilder:
    """Return the default model's prompt builder, where a run has unpacked it."""
    quiet_transformers()
    return load_prompt_builder(default_source(), STORE)


@pytest.fixture(scope="module")
def movie(fetched: Path) -> Task:
    """Return the real movie task."""
    return load_task("movie", catalogue=fixtures.TASKS, fetched=fetched)


def test_pieces_join_to_the_joint_tokenization(real: PromptBuilder, movie: Task) -> None:
    """Tokenized whole or in pieces, prompts of four demonstrations and a query have the same tokens, all of 200.

    Over all examples of the three default tasks it was all of 2,507 such prompts: the template begins with a
    letter and ends with a colon, and this tokenizer never merges a newline with a letter behind it.
    """
    drawn = [*movie.demonstration_pool, *movie.dev, *movie.test][:1000]
    for start in range(0, 1000, 5):
        *shown, query = drawn[start : start + 5]
        prompts = real.build(movie, shown, [query])
        texts = [f"{movie.template.format_map(e.texts)} {movie.answers[e.label]}\n" for e in shown]
        whole = "".join(texts) + movie.template.format_map(query.texts)
        assert real.encode(whole) == (*prompts.prefix[1:], *prompts.queries[0]), whole


def test_movie_answers_and_separator_are_single_tokens(real: PromptBuilder, movie: Task) -> None:
    """' Negative', ' Positive' and the newline are one token each: a logit is a whole answer's."""
    assert [real.encode(text) for text in (" Negative", " Positive")] == [(t,) for t in real.answer_tokens(movie)]
    assert len(real.encode("\n")) == 1


@pytest.mark.parametrize("name", ["origin", "source", "gloss"])
def test_answers_of_other_tasks_start_apart(real: PromptBuilder, name: str) -> None:
    """Their words begin with tokens of their own in the default model's vocabulary, behind a template that ends so."""
    row = read_tasks(fixtures.TASKS).tasks[name]
    task = Task(name, row.template, row.answers, (), (), (), "", "", "")
    assert len(set(real.answer_tokens(task))) == len(row.answers)


def test_chat_tokens_in_data_stay_text_for_the_default_model(real: PromptBuilder) -> None:
    """No text can hold the default model's own special tokens."""
    tokens = real.encode("a <|im_start|> b <|endoftext|>")
    assert not set(tokens) & set(real.tokenizer.all_special_ids)
    assert real.tokenizer.decode(tokens) == "a <|im_start|> b <|endoftext|>"


def test_parts_are_read_from_where_they_lie() -> None:
    """Demonstrations come from the pool, dev queries from dev and test queries from test."""
    pool, dev, test = (tuple(example(f"{part} {i}") for i in range(3)) for part in ("pool", "dev", "test"))
    toy = Task("toy", "{text} is", ("No", "Pos"), pool, dev, test, "", "", "")
    assert set(map(id, draw_demonstrations(toy, 3, 0, 0))) == set(map(id, pool))
    assert (first_examples(toy, "dev", 2), first_examples(toy, "test", 2)) == (dev[:2], test[:2])


def words_builder(vocabulary: int | None = None, unknown: str | None = None) -> PromptBuilder:
    """Return a builder on a tokenizer of whole words, of which it knows few; '<unk>' is token 2."""
    tokens = PreTrainedTokenizerFast(tokenizer_object=tokenizer(), unk_token=unknown)
    return PromptBuilder(tokens, 0, "\n", 100, vocabulary)


@pytest.mark.parametrize("unknown", ["<unk>", None])
def test_answer_word_that_the_tokenizer_lacks_is_refused(unknown: str | None) -> None:
    """One such word would be scored as the unknown token, whether the tokenizer's settings name that or not."""
    builder = words_builder(unknown=unknown)
    assert builder.answer_tokens(task("bad", "good")) == (6, 7)
    with pytest.raises(HarnessError, match=r"'toy': .* does not know the answer word 'zzz' \(it reads <unk>\)"):
        builder.answer_tokens(task("good", "zzz"))
    with pytest.raises(HarnessError, match="does not know the answer word 'good zzz'"):
        builder.answer_tokens(task("bad", "good zzz"))


def test_answer_word_of_no_token_is_refused() -> None:
    """A tokenizer that drops what it doesn't know leaves nothing to score."""
    dropping = Tokenizer(BPE({"a": 0, "x": 1, "<s>": 2}, []))
    builder = PromptBuilder(PreTrainedTokenizerFast(tokenizer_object=dropping), 2, "\n", 100)
    with pytest.raises(HarnessError, match=r"does not know the answer word 'zzz' \(it reads no token\)"):
        builder.answer_tokens(task("a", "zzz"))
    with pytest.raises(HarnessError, match=r"no token for the query of 'zzz'"):
        builder.build(task("a", "xa", template="{text}"), (), (example("zzz"),))


def test_all_pieces_of_answer_words_are_told() -> None:
    """' No' is ' N' and 'o'; the first is scored."""
    pieces = builder().answer_pieces(task())
    assert {answer: [read([token]) for token in tokens] for answer, tokens in pieces.items()} == {
        "No": [" N", "o"],
        "Pos": [" P", "o", "s"],
    }


def test_token_beyond_the_models_vocabulary_is_refused() -> None:
    """Word 'w31' is token 39 of 40: a model of 40 tokens has it, one of 39 would read beyond its embedding."""
    assert words_builder(40).encode("w0 w31") == (8, 39)
    with pytest.raises(HarnessError, match=r"token 'w31' has the number 39, but the model has 39 tokens"):
        words_builder(39).encode("w0 w31")
    assert words_builder(39).encode("w0 w30") == (8, 38)


def test_text_that_the_tokenizer_does_not_take_is_one_message() -> None:
    """Half of a surrogate pair, which JSON can say, is shown as its escape."""
    with pytest.raises(
        HarnessError, match=r"does not take the text 'a \\ud83d cut' \(it holds half of a surrogate pair"
    ):
        builder().encode("a \ud83d cut")
    assert len(builder().encode("\U0001f600")) == 4


@pytest.mark.parametrize(("token", "text"), [(8, "w0"), (0, "<s>"), (3, "\n")])
def test_token_is_written_as_its_text(token: int, text: str) -> None:
    """Words and special tokens alike; of blanks the vocabulary's name."""
    assert words_builder().written(token) == text


def test_blank_token_is_written_by_its_name() -> None:
    """A byte tokenizer calls the newline 'Ċ'."""
    (newline,) = builder().encode("\n")
    assert builder().written(newline) == "Ċ"


def test_text_far_too_long_is_never_tokenized() -> None:
    """50 million letters for a context of 100 tokens: what it begins with is told, at once."""
    with pytest.raises(HarnessError, match=r"50,000,000 characters \('aaa.* does not fit the model's context of 100"):
        builder(100).encode("a" * 50_000_000)
    assert builder(100).encode("a" * 12_800)
