"""Configurations, by their sizes alone, and how many parameters the models have.

A figure is what the publisher's model card or paper says where it says a whole number, and
otherwise what the model's class in Hugging Face Transformers 5.24.0
(https://github.com/huggingface/transformers) builds from the configuration.
"""

from __future__ import annotations

from typing import Any

LLAMA_8B: dict[str, Any] = {
    "model_type": "llama",
    "num_hidden_layers": 32,
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "vocab_size": 128256,
}

MISTRAL_7B: dict[str, Any] = LLAMA_8B | {"model_type": "mistral", "vocab_size": 32000}

BERT: dict[str, Any] = {
    "model_type": "bert",
    "num_hidden_layers": 12,
    "hidden_size": 768,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "vocab_size": 30522,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
}

ROBERTA = BERT | {"model_type": "roberta", "vocab_size": 50265}
ROBERTA |= {"max_position_embeddings": 514, "type_vocab_size": 1}

DISTILBERT: dict[str, Any] = {
    "model_type": "distilbert",
    "n_layers": 6,
    "dim": 768,
    "n_heads": 12,
    "hidden_dim": 3072,
    "vocab_size": 30522,
    "max_position_embeddings": 512,
}

HEADS: list[tuple[dict[str, Any], str, int, int]] = [
    (LLAMA_8B, "LlamaForCausalLM", 2, 8_030_261_248),
    (LLAMA_8B, "LlamaModel", 2, 7_504_924_672),
    (LLAMA_8B, "LlamaForSequenceClassification", 1, 7_504_928_768),
    (LLAMA_8B, "LlamaForTokenClassification", 9, 7_504_961_545),
    (LLAMA_8B, "LlamaForQuestionAnswering", 2, 7_504_932_866),
    (MISTRAL_7B, "MistralModel", 2, 7_110_660_096),
    (BERT, "BertModel", 2, 109_482_240),
    (BERT, "BertForMaskedLM", 2, 109_514_298),
    (BERT, "BertForSequenceClassification", 2, 109_483_778),
    (BERT, "BertForTokenClassification", 2, 108_893_186),
    (BERT, "BertForQuestionAnswering", 2, 108_893_186),
    (ROBERTA, "RobertaModel", 3, 124_645_632),
    (ROBERTA, "RobertaForMaskedLM", 3, 124_697_433),
    (ROBERTA, "RobertaForSequenceClassification", 3, 124_647_939),
    (ROBERTA, "RobertaForTokenClassification", 3, 124_057_347),
    (DISTILBERT, "DistilBertModel", 2, 66_362_880),
    (DISTILBERT, "DistilBertForMaskedLM", 2, 66_985_530),
    (DISTILBERT, "DistilBertForSequenceClassification", 2, 66_955_010),
    (DISTILBERT, "DistilBertForTokenClassification", 2, 66_364_418),
]
"""Configuration, class, labels, and the parameters that the class builds."""

QWEN2_7B: dict[str, Any] = {
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_attention_heads": 28,
    "num_hidden_layers": 28,
    "num_key_value_heads": 4,
    "vocab_size": 152064,
}

MISTRAL_12B = LLAMA_8B | {"model_type": "mistral", "num_hidden_layers": 40, "head_dim": 128}
MISTRAL_12B |= {"hidden_size": 5120, "vocab_size": 131072}

PIXTRAL = {"model_type": "pixtral", "num_hidden_layers": 24, "hidden_size": 1024}
PIXTRAL |= {"intermediate_size": 4096}

SIGLIP = {"model_type": "siglip_vision_model", "hidden_size": 1152, "image_size": 896}
SIGLIP |= {"intermediate_size": 4304, "num_hidden_layers": 27, "patch_size": 14}
SIGLIP |= {"vision_use_head": False}

CLIP = {"model_type": "clip_vision_model", "hidden_size": 1024, "image_size": 336}
CLIP |= {"intermediate_size": 4096, "num_hidden_layers": 24, "patch_size": 14}

TOWERS: dict[str, tuple[dict[str, Any], int]] = {
    "qwen2-vl-7b": (
        QWEN2_7B
        | {"model_type": "qwen2_vl"}
        | {"vision_config": {"depth": 32, "embed_dim": 1280, "patch_size": 14, "mlp_ratio": 4}},
        8_291_375_616,
    ),
    "qwen2.5-vl-7b": (
        QWEN2_7B
        | {"model_type": "qwen2_5_vl"}
        | {"vision_config": {"depth": 32, "hidden_size": 1280, "intermediate_size": 3420}},
        8_292_166_656,
    ),
    "qwen3-vl-2b": (
        {
            "model_type": "qwen3_vl",
            "text_config": {
                "model_type": "qwen3_vl_text",
                "hidden_size": 2048,
                "intermediate_size": 6144,
                "num_attention_heads": 16,
                "num_hidden_layers": 28,
                "num_key_value_heads": 8,
                "vocab_size": 151936,
                "tie_word_embeddings": True,
            },
            "vision_config": {
                "model_type": "qwen3_vl",
                "depth": 24,
                "hidden_size": 1024,
                "intermediate_size": 4096,
                "deepstack_visual_indexes": [5, 11, 17],
            },
        },
        2_127_532_032,
    ),
    "gemma-3-4b": (
        {
            "model_type": "gemma3",
            "text_config": {
                "model_type": "gemma3_text",
                "hidden_size": 2560,
                "intermediate_size": 10240,
                "num_hidden_layers": 34,
                "sliding_window": 1024,
            },
            "vision_config": SIGLIP,
        },
        4_300_079_472,
    ),
    "gemma-3-27b": (
        {
            "model_type": "gemma3",
            "text_config": {
                "hidden_size": 5376,
                "intermediate_size": 21504,
                "num_attention_heads": 32,
                "num_hidden_layers": 62,
                "num_key_value_heads": 16,
                "head_dim": 128,
                "sliding_window": 1024,
            },
            "vision_config": SIGLIP,
        },
        27_432_406_640,
    ),
    "llava-1.5-7b": (
        {
            "model_type": "llava",
            "text_config": {"vocab_size": 32064, "max_position_embeddings": 4096},
            "vision_config": CLIP,
        },
        7_063_427_072,
    ),
    "llava-v1.6-mistral-7b": (
        {
            "model_type": "llava_next",
            "text_config": MISTRAL_7B | {"vocab_size": 32064},
            "vision_config": CLIP,
        },
        7_566_747_648,
    ),
    "llava-onevision-qwen2-7b": (
        {
            "model_type": "llava_onevision",
            "text_config": QWEN2_7B | {"model_type": "qwen2", "vocab_size": 152000},
            "vision_config": SIGLIP | {"image_size": 384, "num_hidden_layers": 26},
        },
        8_029_890_080,
    ),
    "paligemma-3b-224": (
        {
            "model_type": "paligemma",
            "text_config": {
                "hidden_size": 2048,
                "intermediate_size": 16384,
                "num_attention_heads": 8,
                "num_hidden_layers": 18,
                "num_key_value_heads": 1,
                "vocab_size": 257216,
            },
            "vision_config": SIGLIP | {"image_size": 224},
        },
        2_923_466_480,
    ),
    "internvl3-8b": (
        {
            "model_type": "internvl",
            "text_config": QWEN2_7B | {"model_type": "qwen2", "vocab_size": 151674},
            "vision_config": {
                "model_type": "internvl_vision",
                "patch_size": [14, 14],
                "image_size": [448, 448],
            },
        },
        7_944_373_760,
    ),
    "idefics3-8b": (
        {
            "model_type": "idefics3",
            "scale_factor": 2,
            "text_config": LLAMA_8B | {"vocab_size": 128259},
            "vision_config": SIGLIP | {"model_type": "idefics3", "image_size": 364},
        },
        8_462_086_384,
    ),
    "mistral-small-3.1-24b": (  # 48.02 GB in bfloat16
        {
            "model_type": "mistral3",
            "text_config": MISTRAL_12B | {"intermediate_size": 32768},
            "vision_config": PIXTRAL | {"patch_size": 14, "image_size": 1540},
        },
        24_011_361_280,
    ),
    "pixtral-12b": (
        {"model_type": "llava", "text_config": MISTRAL_12B, "vision_config": PIXTRAL},
        12_682_739_712,
    ),
}
"""Models for images and text, and parameters of the published checkpoints."""
