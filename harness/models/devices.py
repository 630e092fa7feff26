"""Which device a name stands for."""

import torch

from harness.errors import HarnessError


def on_gpu(device: str) -> bool:
    """Whether a name stands for a GPU; raises as `choose_device`."""
    return choose_device(device).type != "cpu"


def choose_device(device: str) -> torch.device:
    """Return the device a name stands for; 'auto' is CUDA where there is one, else the CPU.

    Raises:
        HarnessError: torch knows no such device here.

    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.empty(1, device=device)
        return torch.device(device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].split(". ")[0]
        raise HarnessError(f"device '{device}' can't be used ({reason}); use --device cpu, or auto") from error
