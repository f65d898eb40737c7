"""What is run when a profile is estimated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Prefill:
    """What is run: a batch of whole prompts, by devices that share each operator.

    Parameters
    ----------
    batch_size
        Prompts.
    input_len
        Tokens of each.
    intra_op
        Devices; they have to be able to share the heads.
    """

    batch_size: int
    input_len: int
    intra_op: int

    @property
    def num_tokens(self) -> int:
        """Tokens of all prompts."""
        return self.batch_size * self.input_len
