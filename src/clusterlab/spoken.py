"""What a model said, without what models and servers wrap around it."""

from __future__ import annotations

import re

# The opening and closing of thoughts; the last two are of gpt-oss.
_THOUGHT = re.compile(
    r"<(/?)(?i:think|thinking|thought|reasoning)>|\[(/?)THINK\]|\u25c1(/?)think\u25b7"
    r"|<\|channel\|>(?:analysis|commentary)<\|message\|>|(<\|channel\|>final<\|message\|>)"
)
# Tokens of a chat that the server left in: "</s>", "<|im_end|>", "[/INST]", "ASSISTANT:".
_TOKEN = re.compile(
    r"(?:<\|im_start\|>|<\|start_header_id\|>)\s{0,4}assistant\b|<start_of_turn>\s{0,4}model\b"
    r"|</?s>|<\|[\w/]+\|>|<\uff5c[\w\u2581]+\uff5c>|<(?:[be]os|pad|unk|(?:end|start)_of_\w+)>"
    r"|\[/?INST\]|</?answer>|^\s*(?:ASSISTANT|Assistant)\s*:"
)
_FENCE = re.compile(
    r"(?m)^[ \t]*(?:```|~~~)(?:[ \t]{0,2}(?:json|text|txt|plaintext|markdown|md|yaml|xml|html)"
    r"(?=[ \t]*$|[ \t]*\{))?|```"
)
_BOX = re.compile(
    r"(?:\${1,2}|\\[(\[])?\\(?:boxed|fbox|text|textbf|textit|textrm|mathrm|mathbf)\s{0,2}"
    r"\{([^{}]*)\}(?:\${1,2}|\\[)\]])?"
)
# \boxed{\textbf{\text{...}}}
_NESTED = 3


def plain_answer(text: str) -> str:
    r"""What is said when the wrapping is taken off: thoughts (<think>...</think>), tokens of a chat
    (</s>), code fences, \boxed{}. It takes no longer than the text is long.

    A thought that is not closed was cut off, and no answer came after it: "". All before a closing
    tag that nothing opened is a thought, since templates of chats write the opening one themselves.

    >>> plain_answer("<think>A road? No.</think>\n\nPlants</s>")
    'Plants'
    >>> plain_answer("The answer is $\\boxed{\\text{Plants}}$."), plain_answer("<think>A road?")
    ('The answer is Plants.', '')
    """
    said = _TOKEN.sub(" ", _without_thoughts(text))
    said = _FENCE.sub("", said)
    for _ in range(_NESTED):
        said = _BOX.sub(r"\1", said)
    return said.strip()


def _without_thoughts(text: str) -> str:
    kept: list[str] = []
    thinking, end = False, 0
    for tag in _THOUGHT.finditer(text):
        closes = any(tag.groups())
        if closes and not thinking:
            kept.clear()
        elif not closes and not thinking:
            kept.append(text[end : tag.start()])
        thinking, end = not closes, tag.end()
    return "" if thinking else " ".join([*kept, text[end:]])
