"""A model's folder before anything of it is loaded: what lies in it, what its config.json says, what its weights are.

Whatever transformers would read of it is looked at here first, as files that others made: regular files of the folder
alone, small enough, in agreement with one another. What is wrong is one message. Brings no torch.
"""

import hashlib
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath

from harness.errors import HarnessError
from harness.files import file_sha256, parse_json, read_text, what_is
from harness.models.headers import ALL_BYTES, BYTES, Stored, read_header

LOADED = {".safetensors", ".json", ".txt", ".model", ".tokenizer", ".spm", ".codes"}
"""Suffixes of what transformers reads and numbers rest on. Chat templates (.jinja) are read too, but no prompt uses
them."""
LARGEST_FILE = 256 << 20
"""Bytes of any of them but weights; the largest tokenizers of published models have some 30 MB."""
TEMPLATE, TEMPLATES = ".jinja", "additional_chat_templates"
WEIGHTS, INDEX, CONFIG = "model.safetensors", "model.safetensors.index.json", "config.json"
TOKENIZER_FILES = ["tokenizer.json", "vocab*", "*.model"]
_ADAPTERS = ("adapter_config.json", "adapter_model.safetensors", "adapter_model.bin")
_OTHER_WEIGHTS = {".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".gguf", ".onnx", ".npz"}

SIZES = {
    "layers": ("num_hidden_layers", "n_layer", "num_layers", "n_layers"),
    "width": ("hidden_size", "n_embd", "d_model", "n_embed"),
    "query heads": ("num_attention_heads", "n_head", "attention_heads", "num_heads", "n_heads"),
    "key-value heads": ("num_key_value_heads", "num_kv_heads"),
    "vocabulary": ("vocab_size",),
}
"""By what it is: under which names families' configurations say it."""
SHOWN = 3
"""Names that a message shows of many."""

_AGAIN = "fetch or save the model again, whole"


@dataclass(frozen=True)
class ModelFolder:
    """A folder that should hold a model as `save_pretrained` writes it."""

    path: Path
    name: str
    """What the user called the model."""
    again: str = _AGAIN
    """What to do where a file of it is damaged."""

    def refuse(self, what: str) -> HarnessError:
        """Return the error that says what is wrong with the folder."""
        here = Path(self.name).is_dir() and Path(self.name).resolve() == self.path
        return HarnessError(f"model '{self.path}': {what}" if here else f"model '{self.name}' in {self.path}: {what}")

    def require_whole(self) -> None:
        """Hold it to having all the files of a model, each a regular one, and to a config.json that names its family.

        Raises:
            HarnessError: names the file that is missing, something else, or damaged.

        """
        self._require_regular()
        self._require_files()
        _ = self.config

    def does_not_fit(self, needed: int, there: int) -> HarnessError:
        """Return the error of weights that need more bytes than there are."""
        return self.refuse(
            f"its weights need {needed / 1e9:,.1f} GB of memory, and there are {there / 1e9:,.1f} GB; take a smaller "
            "model, --dtype bfloat16, or a larger machine",
        )

    def layers_stored(self, path: str) -> Mapping[int, list[str]]:
        """Return the names of the weights' tensors by layer; they may lack the first part of the layers' path."""
        first, _, rest = path.partition(".")
        layer = re.compile(rf"(?:{re.escape(first)}\.)?{re.escape(rest)}\.(\d{{1,9}})\.")
        found: dict[int, list[str]] = {}
        for name in sorted(self.stored):
            if at := layer.match(name):
                found.setdefault(int(at[1]), []).append(name)
        return found

    @contextmanager
    def reading(self, what: str) -> Iterator[None]:
        """Turn whatever transformers raises of `what` into one error that says so; its warnings are not shown.

        Which exceptions a library raises of files that it does not understand is nowhere said: RuntimeError, KeyError,
        ImportError, ZeroDivisionError, a bare Exception were all seen.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except (HarnessError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # the tokenizers' panics are no Exception
            if "trust_remote_code" in str(error):
                raise self.refuse(
                    f"{what} needs program code of its own (auto_map), which is never run; give a model that "
                    "transformers knows",
                ) from error
            if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's
                raise self.refuse(
                    f"{what} can't be loaded: there is not enough memory; free some, or take a smaller model, "
                    "--dtype bfloat16, or another --device",
                ) from error
            said = _reason(error).replace(str(self.path), "the folder")
            raise self.refuse(f"{what} can't be used ({said}); {self.again}") from error

    @cached_property
    def config(self) -> Mapping[str, object]:
        """What config.json says; HarnessError where it can't be read or says no model_type."""
        said = self.table(CONFIG)
        if not isinstance(said.get("model_type"), str):
            raise self.refuse(f"config.json does not say its model_type; {self.again}")
        return said

    @property
    def model_type(self) -> str:
        """The architecture's name, as config.json says it."""
        return str(self.config["model_type"])

    @property
    def sizes(self) -> Mapping[str, object]:
        """The sizes that config.json says, in words."""
        found = {w: next((self.config[n] for n in names if n in self.config), None) for w, names in SIZES.items()}
        return {words: size for words, size in found.items() if size is not None}

    @cached_property
    def weight_files(self) -> list[Path]:
        """The safetensors that hold the weights: model.safetensors, or those that its index names.

        Raises:
            HarnessError: the index names what is no file of this folder; another file is there that nothing names.

        """
        there = {path.name for path in self.path.glob("*.safetensors")}
        named = {WEIGHTS}
        if INDEX in {path.name for path in self.path.iterdir()}:
            named = self._indexed()
            if WEIGHTS in there - named:
                raise self.refuse(f"{WEIGHTS} and {INDEX} both claim to be its weights; remove one of them")
        if missing := sorted(named - there):
            raise self.refuse(f"{some(missing)} missing; {self.again}")
        if stray := sorted(there - named):
            raise self.refuse(f"nothing says what {some(stray)} is for; its weights are in {some(sorted(named))}: "
                              "remove what does not belong to it")  # fmt: skip
        return [self.path / name for name in sorted(named)]

    @cached_property
    def stored(self) -> Mapping[str, Stored]:
        """The tensors of its weights by name; HarnessError where a file is damaged or holds none that can be used."""
        found: dict[str, Stored] = {}
        for file in self.weight_files:
            try:
                header = read_header(file)
            except (OSError, TypeError, ValueError) as error:
                raise self.refuse(f"{file.name} can't be read ({_reason(error)}); {self.again}") from error
            if twice := sorted(found.keys() & header.keys()):
                raise self.refuse(f"{some(twice)} in more than one of its files; {self.again}")
            found |= header
        if not found:
            raise self.refuse(f"its weights hold no tensor; {self.again}")
        return found

    @cached_property
    def fingerprint(self) -> str:
        """Sha256 of the names and contents of all that is loaded of it."""
        digest = hashlib.sha256()
        for path in self._loaded():
            try:
                digest.update(path.name.encode("utf-8", "surrogateescape") + bytes.fromhex(file_sha256(path)))
            except OSError as error:
                raise self.refuse(f"{path.name} can't be read ({_reason(error)}); {self.again}") from error
        return digest.hexdigest()

    @property
    def bytes_at_least(self) -> int:
        """What its tensors need in memory: weights two bytes a number, the smallest that they can be asked for in."""
        return sum(t.numbers * (2 if t.dtype in BYTES else ALL_BYTES[t.dtype]) for t in self.stored.values())

    def _loaded(self) -> Iterator[Path]:
        return iter(sorted(p for p in self.path.iterdir() if p.suffix in LOADED and not p.is_dir()))

    def _require_regular(self) -> None:
        try:
            str(self.path).encode()
        except UnicodeEncodeError as error:
            raise self.refuse("its path is not UTF-8 in this locale; set PYTHONUTF8=1, or rename it") from error
        try:
            entries = sorted(self.path.iterdir())
            if (self.path / TEMPLATES).is_dir():
                entries += sorted((self.path / TEMPLATES).iterdir())
        except OSError as error:
            raise self.refuse(f"can't be read ({_reason(error)})") from error
        for path in entries:
            if path.suffix in {*LOADED, TEMPLATE} and (found := what_is(path)) != "a file":
                raise self.refuse(f"{path.name} is {found}, expected a regular file; {self.again}")
            if path.suffix in LOADED - {".safetensors"} and (size := path.stat().st_size) > LARGEST_FILE:
                raise self.refuse(
                    f"{path.name} has {size:,} bytes, expected at most {LARGEST_FILE:,} beside the weights; remove "
                    f"it if it is not the model's, else {self.again}",
                )

    def _require_files(self) -> None:
        """Hold it to having a configuration, weights and a tokenizer, and no adapter beside them."""
        for adapter in _ADAPTERS:
            if (self.path / adapter).exists():
                raise self.refuse(
                    f"it holds an adapter ({adapter}), which is not read; merge it into the weights (peft's "
                    "merge_and_unload, then save_pretrained), or remove it to measure the base model",
                )
        if not (self.path / CONFIG).exists():
            raise self.refuse("no config.json in it; give the folder that save_pretrained wrote")
        if not any(self.path.glob("*.safetensors")) and not (self.path / INDEX).exists():
            others = sorted(p.name for p in self.path.iterdir() if p.suffix in _OTHER_WEIGHTS)
            todo = (
                f"{some(others)} not read, because such files can run code. Convert the model: "
                "save_pretrained(..., safe_serialization=True)"
                if others
                else f"it is incomplete: {self.again}"
            )
            raise self.refuse(f"no *.safetensors in it; {todo}")
        if not any(any(self.path.glob(pattern)) for pattern in TOKENIZER_FILES):
            raise self.refuse(
                f"no tokenizer ({', '.join(TOKENIZER_FILES)}) in it; transformers would make up an empty one. "
                "Save the model's tokenizer there with save_pretrained",
            )

    def table(self, file: str) -> Mapping[str, object]:
        """Return the JSON table of a file; an empty one where there is no file."""
        path = self.path / file
        if not path.exists():
            return {}
        try:
            said = parse_json(read_text(path))
        except (OSError, ValueError) as error:
            raise self.refuse(f"{file} can't be read ({_reason(error)}); {self.again}") from error
        if not isinstance(said, dict):
            raise self.refuse(f"{file} is no JSON table of names and values; {self.again}")
        return said

    def _indexed(self) -> set[str]:
        """Return the files that the index names."""
        said = self.table(INDEX).get("weight_map")
        if not isinstance(said, dict) or not said or not all(isinstance(name, str) for name in said.values()):
            raise self.refuse(f"{INDEX} does not say which tensor is in which file (weight_map); {self.again}")
        named = set(said.values())
        self.require_own_files(sorted(named), INDEX)
        if others := sorted(name for name in named if not name.endswith(".safetensors")):
            raise self.refuse(f"{INDEX} names {some(others)}, expected *.safetensors; {self.again}")
        return named

    def require_own_files(self, names: object, file: str) -> None:
        """Hold names that a file says to being of this folder: neither of one above nor of one below."""
        for name in names if isinstance(names, list) else [names]:
            if not isinstance(name, str) or not _is_plain(name):
                raise self.refuse(
                    f"{file} names {json.dumps(name)[:200]}, which is no file of its own folder; {self.again}"
                )


def _is_plain(name: str) -> bool:
    parts = {PurePosixPath(name).name, PureWindowsPath(name).name}
    return parts == {name} and name not in {"", ".", ".."} and "\0" not in name


def some(names: list[str]) -> str:
    """Return the first names, and how many more there are."""
    shown, more = ", ".join(name[:100] for name in names[:SHOWN]), len(names) - SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _reason(error: BaseException) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"{type(error).__name__}: {' '.join(said.split())[:200]}"
