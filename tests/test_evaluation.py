"""Generation: the batch makes no difference, an output ends where its answer does."""

from __future__ import annotations

import pytest
import torch

from kpod.errors import RunCancelled
from kpod.evaluation import generate_outputs, generate_rationales, trim_output
from kpod.progress import Reporter
from kpod.prompt_pairs import encode_pair_prompt
from kpod.prompts import encode_prompt
from tests.support.made_problems import make_problems
from tests.support.tiny_students import load_student

QUESTIONS = [problem.text for problem in make_problems(7)]


@pytest.fixture(scope="module")
def student(tiny_llama_folder):
    return load_student(tiny_llama_folder)


@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen2", "qwen3", "t5", "t5_untied", "bart"])
def test_a_batch_gives_the_outputs_of_one_by_one(request, family):
    model, tokenizer = load_student(request.getfixturevalue(f"tiny_{family}_folder"))
    alone = generate_rationales(model, tokenizer, QUESTIONS, max_new_tokens=12, batch_size=1)
    for batch_size in (3, 32):
        together = generate_rationales(model, tokenizer, QUESTIONS, max_new_tokens=12, batch_size=batch_size)
        assert together == alone
    # A tied head behind small random layers says again what the decoder has just read: its padding.
    assert len(set(alone)) > 1 or family == "t5"


def test_the_output_is_the_greedy_continuation_of_the_prompt(student):
    model, tokenizer = student
    ids = encode_prompt(QUESTIONS[0], tokenizer)
    with torch.no_grad():
        for _ in range(6):
            ids.append(int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    expected = tokenizer.decode(ids[-6:], skip_special_tokens=True)
    assert generate_rationales(model, tokenizer, QUESTIONS[:1], max_new_tokens=6) == [trim_output(expected)]


@pytest.mark.parametrize("family", ["t5", "t5_untied", "bart"])
@torch.no_grad()
def test_the_output_of_an_encoder_decoder_is_what_its_decoder_would_say_next(request, family):
    model, tokenizer = load_student(request.getfixturevalue(f"tiny_{family}_folder"))
    asked, begin = encode_pair_prompt(QUESTIONS[0], tokenizer)
    written = [model.config.decoder_start_token_id, *begin]
    for _ in range(6):
        read = {"input_ids": torch.tensor([asked]), "decoder_input_ids": torch.tensor([written])}
        written.append(int(model(**read).logits[0, -1].argmax()))
    expected = tokenizer.decode(written[-6:], skip_special_tokens=True)
    assert generate_rationales(model, tokenizer, QUESTIONS[:1], max_new_tokens=6) == [trim_output(expected)]


@pytest.mark.parametrize("family", ["llama", "bart"])
def test_settings_of_the_checkpoint_do_not_make_it_less_greedy(request, family):
    model, tokenizer = load_student(request.getfixturevalue(f"tiny_{family}_folder"))
    expected = generate_outputs(model, tokenizer, QUESTIONS, max_new_tokens=12)
    known = model.generation_config
    known.repetition_penalty, known.no_repeat_ngram_size, known.min_length = 1.5, 1, 40
    known.do_sample, known.temperature, known.num_beams = True, 5.0, 3
    known.forced_bos_token_id, known.forced_eos_token_id = 7, tokenizer.eos_token_id
    assert generate_outputs(model, tokenizer, QUESTIONS, max_new_tokens=12) == expected
    assert model.generation_config is known


@pytest.mark.parametrize(
    ("output", "kept"),
    [
        (" 3 + 4 = 7.\nTherefore, the answer is 7.", "3 + 4 = 7.\nTherefore, the answer is 7."),
        ("So 7.\nTherefore, the answer is 7.\nQ: Another?\nA: 9", "So 7.\nTherefore, the answer is 7."),
        ("So 7.\nQ: Another?\nTherefore, the answer is 9.\n", "So 7."),
        ("Therefore, the answer is 7. And the next one", "Therefore, the answer is 7."),
        ("Therefore, the answer is 3.50. More", "Therefore, the answer is 3.50."),
        ("Therefore, the answer is St. Louis. More", "Therefore, the answer is St. Louis."),
        ("Therefore, the answer is St. Louis", "Therefore, the answer is St. Louis"),
        ("Therefore, the answer is Mr. J. K. Reed. More", "Therefore, the answer is Mr. J. K. Reed."),
        ("Therefore, the answer is No. 5.\nMore", "Therefore, the answer is No. 5."),
        ("Therefore, the answer is no. It is not 5", "Therefore, the answer is no."),
        ("Therefore, the answer is C. Bears sleep", "Therefore, the answer is C."),
        ("Therefore, the answer is (C). Bears sleep", "Therefore, the answer is (C)."),
        (
            "Therefore, the answer is\nTherefore, the answer is 7. More",
            "Therefore, the answer is\nTherefore, the answer is 7.",
        ),
        ("Therefore, the answer is $1,234.5 dollars.\nMore", "Therefore, the answer is $1,234.5 dollars."),
        ("Therefore, the answer is\n7", "Therefore, the answer is\n7"),
        ("Therefore, the answer is 7", "Therefore, the answer is 7"),
        ("no answer at all", "no answer at all"),
        ("", ""),
        ("\nQ: only another question", ""),
    ],
)
def test_trim_output(output, kept):
    assert trim_output(output) == kept


@pytest.fixture
def saying(tiny_llama_folder):
    """A function that makes a student which says a text, and counts its steps."""

    def make(text):
        model, tokenizer = load_student(tiny_llama_folder)
        says = tokenizer(text, add_special_tokens=False)["input_ids"]
        steps = []

        def speak(module, arguments, keywords, outputs):
            target = says[len(steps)] if len(steps) < len(says) else 70
            outputs.logits[:, -1] = 0
            outputs.logits[:, -1, target] = 100.0
            steps.append(target)
            return outputs

        model.register_forward_hook(speak, with_kwargs=True)
        return model, tokenizer, steps, len(says)

    return make


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (" 3 + 4 = 7.\nTherefore, the answer is 7.\n", "3 + 4 = 7.\nTherefore, the answer is 7."),
        (" I do not know.\nQ:", "I do not know."),
    ],
)
def test_generation_stops_at_the_answer_and_at_the_next_question(saying, text, kept):
    model, tokenizer, steps, length = saying(text)
    assert generate_rationales(model, tokenizer, QUESTIONS[:2], max_new_tokens=80, batch_size=2) == [kept, kept]
    assert len(steps) == length


def test_generation_stops_at_the_end_token(saying):
    model, tokenizer, steps, length = saying(" seven</s>")
    assert generate_rationales(model, tokenizer, QUESTIONS[:1], max_new_tokens=80) == ["seven"]
    assert len(steps) == length


def test_an_output_that_the_limit_cuts_off_is_told(saying):
    """One that ends by itself, even at the very limit, is not cut."""
    for text, ends in (
        (" seven</s>", True),
        (" 3 + 4 = 7.\nTherefore, the answer is 7.\n", True),
        (" I do not", False),
    ):
        model, tokenizer, _, length = saying(text)
        whole = generate_outputs(model, tokenizer, QUESTIONS[:2], max_new_tokens=length)
        assert [output.cut for output in whole] == [not ends] * 2, text
        cut = generate_outputs(model, tokenizer, QUESTIONS[:1], max_new_tokens=length - 1)
        assert cut[0].cut, text


def test_an_answer_in_the_question_stops_nothing(saying):
    model, tokenizer, _, _ = saying(" seven</s>")
    asked = "Therefore, the answer is 5.\nQ: What is 3 + 4?"
    assert generate_rationales(model, tokenizer, [asked], max_new_tokens=80) == ["seven"]


def test_a_stop_and_the_count(student):
    class Stopping(Reporter):
        done = 0

        def advance(self, amount=1):
            self.done += amount

        def cancelled(self):
            return self.done >= 4

    stopping = Stopping()
    with pytest.raises(RunCancelled, match="Stopped in evaluation"):
        generate_rationales(*student, QUESTIONS, max_new_tokens=2, batch_size=2, reporter=stopping)
    assert stopping.done == 4
