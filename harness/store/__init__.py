"""What is computed once and found again: entries under the hash of all that decides their numbers."""

from harness.drafts import MovedAsideWarning, NoLocksWarning
from harness.store.entries import FACTS, TENSORS, DamagedEntryWarning, Entry, Tensors
from harness.store.keys import FORMAT, entry_key
from harness.store.leftovers import Cleaned, clean
from harness.store.settings import OlderStoreWarning
from harness.store.store import MissingEntryError, Record, Store

__all__ = [
    "FACTS",
    "FORMAT",
    "TENSORS",
    "Cleaned",
    "DamagedEntryWarning",
    "Entry",
    "MissingEntryError",
    "MovedAsideWarning",
    "NoLocksWarning",
    "OlderStoreWarning",
    "Record",
    "Store",
    "Tensors",
    "clean",
    "entry_key",
]
