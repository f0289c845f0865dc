"""Tiny chat models that see, and a SigLIP that reads: built offline as those of tests/models.py."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
import transformers as hf
from PIL import Image

from tests.models import (
    LAYERS,
    WORDS,
    save,
    seeded,
    square,
    tiny_clip,
    tiny_llava,
    word_tokenizer,
)

_CHAT = (
    "{%% for message in messages %%}{%% for part in message['content'] %%}"
    "{{ '%s ' if part['type'] == 'image' else part['text'] }}"
    "{%% endfor %%}{%% endfor %%}"
)
CHATS = ("llava", "llava_next", "qwen_vl", "smolvlm")
"""The families below."""


def tiny_chat(family: str, folder: Path) -> Path:
    """The folder of a tiny model of one of CHATS."""
    build = {
        "llava": tiny_llava,
        "llava_next": tiny_llava_next,
        "qwen_vl": tiny_qwen_vl,
        "smolvlm": tiny_smolvlm,
    }
    return build[family](folder)


def tiny_talker(folder: Path) -> Path:
    """A LLaVA that answers with WORDS and nothing else, the first of them by the image."""
    tiny_llava(folder)
    model = hf.LlavaForConditionalGeneration.from_pretrained(folder)
    tokenizer = hf.AutoTokenizer.from_pretrained(folder)
    head = model.get_output_embeddings().weight
    assert head is not model.get_input_embeddings().weight
    wanted = tokenizer.convert_tokens_to_ids([word for word in WORDS if word.isalpha()])
    silent = torch.ones(len(head), dtype=torch.bool)
    silent[wanted] = False
    with torch.no_grad():
        head[silent] = 0.0
    model.save_pretrained(folder)
    return folder


def tiny_llava_next(folder: Path) -> Path:
    """As llava-hf/llava-v1.6-mistral-7b-hf: looks at an image whole and in parts of 32 px, as many
    as suit its shape, so that images of unlike shapes are unlike numbers of tokens."""
    tokenizer = _tokenizer("<image>")
    config = hf.LlavaNextConfig(
        vision_config=hf.CLIPVisionConfig(**LAYERS, image_size=32, patch_size=8),
        text_config=hf.MistralConfig(
            **LAYERS, head_dim=16, num_key_value_heads=2, sliding_window=None, **_ids(tokenizer)
        ),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=[[32, 64], [64, 32], [64, 64]],
        image_seq_length=16,
        vision_feature_layer=-1,
    )
    images = hf.LlavaNextImageProcessor(
        size={"shortest_edge": 32},
        crop_size={"height": 32, "width": 32},
        image_grid_pinpoints=config.image_grid_pinpoints,
    )
    processor = hf.LlavaNextProcessor(
        images,
        tokenizer,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=_CHAT % "<image>",
    )
    return save(folder, seeded(lambda: hf.LlavaNextForConditionalGeneration(config)), processor)


def tiny_qwen_vl(folder: Path) -> Path:
    """As Qwen/Qwen3-VL-8B-Instruct: patches of 8, four of them a token, as many as there are."""
    marks = ("<|vision_start|>", "<|image_pad|>", "<|vision_end|>", "<|video_pad|>")
    tokenizer = _tokenizer(*marks)
    start, image, end, video = tokenizer.convert_tokens_to_ids(list(marks))
    config = hf.Qwen3VLConfig(
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "patch_size": 8,
            "out_hidden_size": 32,
            "num_position_embeddings": 64,
            "deepstack_visual_indexes": [0],
        },
        text_config={
            **LAYERS,
            "head_dim": 16,
            "num_key_value_heads": 2,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [4, 2, 2],
                "mrope_interleaved": True,
            },
            **_ids(tokenizer),
        },
        image_token_id=image,
        video_token_id=video,
        vision_start_token_id=start,
        vision_end_token_id=end,
    )
    sides = {"patch_size": 8, "merge_size": 2, "temporal_patch_size": 2}
    size = {"shortest_edge": 16 * 16, "longest_edge": 64 * 64}
    processor = hf.Qwen3VLProcessor(
        hf.Qwen2VLImageProcessor(size=size, **sides),
        tokenizer,
        hf.Qwen3VLVideoProcessor(size=size, **sides),
        chat_template=_CHAT % "<|vision_start|> <|image_pad|> <|vision_end|>",
    )
    return save(folder, seeded(lambda: hf.Qwen3VLForConditionalGeneration(config)), processor)


def tiny_smolvlm(folder: Path) -> Path:
    """As HuggingFaceTB/SmolVLM-500M-Instruct (an Idefics 3 by its config): parts of 32 px."""
    tokenizer = _tokenizer("<fake_token_around_image>", "<image>", "<end_of_utterance>")
    config = hf.Idefics3Config(
        vision_config={**LAYERS, "image_size": 32, "patch_size": 8},
        text_config=hf.LlamaConfig(**LAYERS, **_ids(tokenizer)),
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=tokenizer.pad_token_id,
    )
    images = hf.Idefics3ImageProcessor(
        size={"longest_edge": 64}, max_image_size={"longest_edge": 32}
    )
    processor = hf.Idefics3Processor(
        images, tokenizer, image_seq_len=4, chat_template=_CHAT % "<image>"
    )
    return save(
        folder, seeded(lambda: hf.Idefics3ForConditionalGeneration(config), std=0.3), processor
    )


def tiny_siglip_with_words(folder: Path) -> Path:
    """As google/siglip2-base-patch16-224, with words that need no sentencepiece; it reads 16 tokens
    of a text, those that fill it up included."""
    tokenizer = word_tokenizer(model_input_names=["input_ids"])
    config = hf.SiglipConfig(
        vision_config={**LAYERS, "image_size": 32, "patch_size": 8},
        text_config={
            **LAYERS,
            "vocab_size": len(tokenizer),
            "max_position_embeddings": 16,
            "projection_size": 32,
        },
    )
    model = seeded(lambda: hf.SiglipModel(config))
    model.logit_scale.data.fill_(1.5)
    model.logit_bias.data.fill_(-2.0)
    tokenizer.save_pretrained(folder)
    return save(folder, model, square(hf.SiglipImageProcessor, 32))


def tiny_clip_of(folder: Path, pictures: Sequence[Path]) -> Path:
    """A CLIP that tells these pictures apart: what they have in common plays no part, so that one
    category is not the nearest to them all."""
    tiny_clip(folder)
    model = hf.CLIPModel.from_pretrained(folder)
    images = hf.AutoImageProcessor.from_pretrained(folder)
    opened = [Image.open(picture).convert("RGB") for picture in pictures]
    with torch.no_grad():
        seen = images(images=opened, return_tensors="pt")["pixel_values"]
        common = model.vision_model(pixel_values=seen).pooler_output.mean(dim=0)
        common /= common.norm()
        weight = model.visual_projection.weight
        weight -= torch.outer(weight @ common, common)
    model.save_pretrained(folder)
    return folder


def _tokenizer(*marks: str) -> hf.BertTokenizer:
    return word_tokenizer(extra=marks, model_input_names=["input_ids", "attention_mask"])


def _ids(tokenizer: hf.BertTokenizer) -> dict[str, int]:
    return {
        "vocab_size": len(tokenizer),
        "bos_token_id": tokenizer.cls_token_id,
        "eos_token_id": tokenizer.sep_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
