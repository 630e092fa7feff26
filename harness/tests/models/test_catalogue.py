"""The models' catalogue: what the file holds, and how a wrong one is refused."""

import hashlib
import zipfile
from pathlib import Path

import pytest

import fixtures
from harness.errors import HarnessError
from harness.models.catalogue import GgufModel, GgufParts, gguf_file, model_rows, terms_file
from harness.tests.packed_model import packed_in_parts


def test_models_separate_demonstrations_as_they_were_trained() -> None:
    """The paper's models take </s> between demonstrations, having no newline token; others a newline."""
    rows = model_rows(fixtures.MODELS)
    found = [rows[name] for name in ("smollm2-135m-instruct", "fairseq-dense-1.3b")]
    assert [(row.start_token, row.separator) for row in found] == [("<|endoftext|>", "\n"), ("</s>", "</s>")]


def test_rows_can_be_told_apart_by_their_hash() -> None:
    """What is loaded of a model is kept by its row, whatever tables that has."""
    rows = model_rows(fixtures.MODELS)
    assert len({*rows.values()}) == len(rows)


def test_real_weights_are_the_pinned_ones(fetched: Path) -> None:
    """The GGUF file that comes out of the package has the size and hash that the catalogue says."""
    row = model_rows(fixtures.MODELS)["smollm2-135m-instruct"]
    assert isinstance(row, GgufModel)
    file = gguf_file("smollm2-135m-instruct", row, fetched)
    assert file.stat().st_size == row.member_bytes
    assert hashlib.sha256(file.read_bytes()).hexdigest() == row.member_sha256


def test_file_of_another_hash_is_refused(tmp_path: Path) -> None:
    """Weights inside the pinned archive that are not those of the row are not handed out."""
    archive = tmp_path / "weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(archive, "w") as wheel:
        wheel.writestr("weights/model.gguf", b"other weights")
    row = model_rows(fixtures.MODELS)["smollm2-135m-instruct"]
    assert isinstance(row, GgufModel)
    named = {"package": "weights", "version": "1.0", "archive": archive.name, "member": "weights/model.gguf"}
    held = {"archive_sha256": hashlib.sha256(archive.read_bytes()).hexdigest(), "member_sha256": "0" * 64}
    with pytest.raises(
        HarnessError, match=rf"^'weights/model.gguf' of .* has sha256 [0-9a-f]{{64}}, expected {'0' * 64}"
    ):
        gguf_file("weights", row.model_copy(update=named | held), tmp_path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('id = "KoboldAI/fairseq-dense-1.3B"', 'idd = "x"'), r"fairseq-dense-1\.3b\.hub\.idd: Extra inputs"),
        (('id = "KoboldAI/fairseq-dense-1.3B"', ""), r"fairseq-dense-1\.3b\.hub\.id: Field required"),
        (('kind = "gguf-package"', 'kind = "gguf"'), "does not match any of the expected tags"),
        (("member_bytes = ", "member_bytes = -"), "member_bytes: Input should be greater than 0"),
        (('member_sha256 = "', 'member_sha256 = "x'), "member_sha256: String should match pattern"),
    ],
)
def test_wrong_catalogue_is_refused(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    """A key that is not known or not there, a kind that is none, a size and a hash that can't be are each named."""
    text = fixtures.MODELS.read_text(encoding="utf-8")
    assert change[0] in text
    file = tmp_path / "models.toml"
    file.write_text(text.replace(*change, 1), encoding="utf-8")
    with pytest.raises(HarnessError, match=complaint) as caught:
        model_rows(file)
    assert str(file) in str(caught.value)


def test_model_in_parts_is_joined_once_its_terms_are_accepted(tmp_path: Path) -> None:
    """Before, the message says what to run; after, one file holds the pieces, and nothing more is asked."""
    row = packed_in_parts(tmp_path)
    with pytest.raises(HarnessError, match=r"'toy' is not fetched.*accepted.*python -m harness fetch --model toy'"):
        gguf_file("toy", row, tmp_path)
    assert not [*tmp_path.rglob("*.gguf")]
    file = gguf_file("toy", row, tmp_path, accepted=True)
    assert file.read_bytes() == b"GGUF, or not"
    assert gguf_file("toy", row, tmp_path) == file


def test_terms_come_without_the_weights(tmp_path: Path) -> None:
    """They are a file of their own package: the weights' packages are not asked for."""
    row = packed_in_parts(tmp_path)
    for part in row.parts:
        (tmp_path / part.archive).unlink()
    assert terms_file(row, tmp_path).read_text() == "You may."


def test_part_of_another_hash_is_refused(tmp_path: Path) -> None:
    """A piece that is not the catalogue's, in an archive that is: it is named, and no model comes of it."""
    row = packed_in_parts(tmp_path)
    wrong = row.parts[1].model_copy(update={"member_sha256": "0" * 64})
    with pytest.raises(HarnessError, match=rf"^'toy2/piece' of .* has sha256 [0-9a-f]{{64}}, expected {'0' * 64}"):
        gguf_file("toy", row.model_copy(update={"parts": (row.parts[0], wrong)}), tmp_path, accepted=True)
    assert not [*tmp_path.rglob("*.gguf")]


def test_gemma_is_four_parts_of_one_file() -> None:
    """Together as long as the file, from packages of one version; the terms are in a fifth, which holds no weights."""
    row = model_rows(fixtures.MODELS)["gemma3-270m"]
    assert isinstance(row, GgufParts)
    assert sum(part.member_bytes for part in row.parts) == 253_113_024
    assert {part.version for part in (*row.parts, row.terms)} == {"1.0.0"}
    assert len({part.package for part in (*row.parts, row.terms)}) == 5
    assert (row.start_token, row.terms.member.endswith("GEMMA_TERMS.html")) == ("<bos>", True)
