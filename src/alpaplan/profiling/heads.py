"""What stands behind a model's blocks, as the class says that its configuration names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Task(Enum):
    """What a class of Hugging Face Transformers computes from the hidden states."""

    VOCABULARY = r"ForCausalLM|LMHeadModel|ForConditionalGeneration|ForVision2Seq"
    WHOLE_VOCABULARY = r"ForMaskedLM"
    LABELS = r"ForSequenceClassification|ForRewardModel|ForProcessRewardModel"
    LABELS_OF_ALL = r"ForTokenClassification|ForQuestionAnswering"
    HIDDEN_STATES = r"Model|Encoder"

    @classmethod
    def of(cls, architecture: str) -> Task | None:
        """Return what the class of this name computes; None if the name does not say."""
        tasks = (task for task in cls if re.search(rf"(?:{task.value})$", architecture))
        return next(tasks, None)


@dataclass(frozen=True)
class Head:
    """Products behind the blocks: perhaps a square one, then perhaps one to scores.

    Parameters
    ----------
    num_scores
        Scores of the vocabulary or of labels; 0: hidden states are the result.
    each_token
        Whether every token gets them, or only one of each prompt.
    bias
        Whether a vector is added to the scores.
    tied
        Whether the weights of the scores are those of the embedding.
    dense
        Whether a square product comes before them, as in BERT's pooler.
    dense_bias
        Whether a vector is added to that.
    num_dense_norms
        Scales and biases of the norm behind it.
    """

    num_scores: int = 0
    each_token: bool = False
    bias: bool = False
    tied: bool = False
    dense: bool = False
    dense_bias: bool = True
    num_dense_norms: int = 0

    def num_score_parameters(self, width: int) -> int:
        """Weights from hidden states to scores, even where they are tied."""
        return self.num_scores * width

    def num_parameters(self, width: int) -> int:
        """Weights of all products, even where they are tied."""
        dense = self.dense * (width + self.dense_bias) * width + self.num_dense_norms * width
        return dense + self.num_score_parameters(width) + self.bias * self.num_scores
