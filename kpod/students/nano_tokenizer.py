"""The nano student's tokenizer: every word of the small world and every digit a token, any other text in bytes."""

from __future__ import annotations

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from kpod.students.nano_lessons import draw_lesson

SPECIAL = ("<pad>", "<s>", "</s>")
CONTEXT = 512
SAMPLE = 2000  # lessons read for their words: twice as many as it takes to meet the rarest


def build_tokenizer() -> PreTrainedTokenizerFast:
    """A fast tokenizer whose text round-trips exactly, whatever it is; always the same one.

    Words go with the space in front of them and digits stand alone. BPE without merges: a piece that is in the
    vocabulary is one token, and any other one is its bytes.
    """
    splitting = _splitting()
    pieces = set()
    for index in range(SAMPLE):
        pieces.update(piece for piece, _ in splitting.pre_tokenize_str(draw_lesson(0, index).text))
    spaced_digits = {f"Ġ{digit}" for digit in range(10)}
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    known = [*SPECIAL, *alphabet, *sorted((pieces | spaced_digits) - set(alphabet))]
    vocabulary = {piece: at for at, piece in enumerate(known)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], ignore_merges=True))
    tokenizer.pre_tokenizer = splitting
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=SPECIAL[0], bos_token=SPECIAL[1], eos_token=SPECIAL[2],
        model_max_length=CONTEXT, clean_up_tokenization_spaces=False,
    )  # fmt: skip


def _splitting() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r" ?\d"), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    ])  # fmt: skip
