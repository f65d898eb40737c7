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
    shared_is_own
        Whether the shared expert is the block's own feed-forward layer, and named so.
    num_router_vectors
        Numbers of each expert beside the router's weights, such as a bias.
    scaled_router
        Whether the router's inputs are scaled by a vector.
    latent_size
        Width that tokens are projected to for the routed experts, and back from; None: they work
        on hidden states.
    """

    num_experts: int
    num_per_token: int
    expert: Mlp
    shared: Mlp | None = None
    shared_gate: bool = False
    shared_is_own: bool = False
    num_router_vectors: int = 0
    scaled_router: bool = False
    latent_size: int | None = None

    def width(self, hidden_size: int) -> int:
        """Width of what the routed experts work on."""
        return self.latent_size or hidden_size

    def num_parameters(self, hidden_size: int) -> int:
        """Weights of all experts and of the router."""
        router = self.num_experts * (hidden_size + self.num_router_vectors)
        router += self.scaled_router * hidden_size
        routed = self.num_experts * self.expert.num_parameters(self.width(hidden_size))
        latent = 2 * hidden_size * (self.latent_size or 0)
        return routed + router + latent + self.num_shared_parameters(hidden_size)

    def num_shared_parameters(self, hidden_size: int) -> int:
        """Weights of the shared expert and its gate."""
        shared = 0 if self.shared is None else self.shared.num_parameters(hidden_size)
        return shared + self.shared_gate * hidden_size
