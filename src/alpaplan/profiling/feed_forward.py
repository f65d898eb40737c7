"""Feed-forward and mixture-of-experts layers, in the detail that time and memory depend on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mlp:
    """Feed-forward layer of one block.

    Parameters
    ----------
    intermediate_size
        Width between the two projections.
    gated
        Whether a second projection gates the first (GLU, Shazeer 2020, arXiv 2002.05202).
    bias
        Whether the projections add a vector.
    """

    intermediate_size: int
    gated: bool
    bias: bool = False

    def num_parameters(self, hidden_size: int) -> int:
        """Weights of the projections and their biases."""
        up = (1 + self.gated) * self.intermediate_size
        biases = self.bias * (up + hidden_size)
        return hidden_size * (up + self.intermediate_size) + biases


@dataclass(frozen=True)
class Experts:
    """Mixture-of-experts layer of one block.

    Parameters
    ----------
    num_experts
        Routed experts.
    num_per_token
        Of them, how many each token goes to.
    expert
        One expert.
    shared
        The expert that every token goes to, if there is one.
    shared_gate
        Whether the shared expert's output is weighted by a projection to one number.
    """

    num_experts: int
    num_per_token: int
    expert: Mlp
    shared: Mlp | None = None
    shared_gate: bool = False

    def num_parameters(self, hidden_size: int) -> int:
        """Weights of all experts and of the router."""
        routed = self.num_experts * (self.expert.num_parameters(hidden_size) + hidden_size)
        return routed + self.num_shared_parameters(hidden_size)

    def num_shared_parameters(self, hidden_size: int) -> int:
        """Weights of the shared expert and its gate."""
        shared = 0 if self.shared is None else self.shared.num_parameters(hidden_size)
        return shared + self.shared_gate * hidden_size
