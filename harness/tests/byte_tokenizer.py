"""A tokenizer small enough to count its tokens by hand: one a byte, but for the merges that a test gives it."""

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast


def byte_tokenizer(*merges: tuple[str, str], words: bool = True, start: str | None = "<s>") -> PreTrainedTokenizerFast:
    """Return a byte tokenizer with these merges ('Ġ' is the space) and '<s>' as token 0, special where it starts.

    With `words`, text is split before each space first, as GPT-2's tokenizer does, so that no merge spans words.
    """
    names = ["<s>", *sorted(pre_tokenizers.ByteLevel.alphabet()), *(a + b for a, b in merges)]
    vocabulary = {name: number for number, name in enumerate(names)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=list(merges)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=words)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=start)
