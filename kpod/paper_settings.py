"""What the paper states about settings (Feng et al. 2024, App. A and its tables), in words for a form. No torch.

A setting's own `paper` is the value of ours that does as the paper does; here is what one value cannot say, such as a
rank that goes by the student. Of a setting that has neither the paper states nothing.
"""

from __future__ import annotations

NOT_STATED = "not stated"

STATED = {
    "method": "KPOD",
    "data.source": "GSM8K, ASDiv, SVAMP and CommonsenseQA, with rationales of GPT-3.5-Turbo",
    "data.train_split": "train",
    "data.train_limit": "all: 7,473 of GSM8K, 1,462 of ASDiv, 700 of SVAMP, 8,520 of CommonsenseQA (Table 4)",
    "data.evaluation_split": "test",
    "data.evaluation_limit": "all: 659 of GSM8K, 314 of ASDiv, 150 of SVAMP, 1,221 of CommonsenseQA (Table 4)",
    "data.evaluation_sets": "ASDiv and SVAMP, of a student that learned from GSM8K (Table 3)",
    "student.name": "LLaMA-7B, FlanT5-XL, FlanT5-Large",
    "steps.mode": "at every full stop, the choice “paper”",
    "weights.mode": "Eq. 2 to 7 as written, the choice “paper”",
    "weights.warmup_epochs": "0, no warm-up",
    "weights.max_questions": "all that the student learns from",
    "weights.objective": "fixed (Eq. 7)",
    "weights.reduction": "sum (Eq. 5, 6)",
    "weights.mask": "zero (Eq. 4)",
    "weights.prefixes": "all (Eq. 5)",
    "weights.predictor": "flan-t5-large",
    "weights.predictor_every": "0, never",
    "weights.logit_bound": "0, no bound",
    "weights.context_range": "0",
    "weights.rest_weight": "0, the answer alone (Eq. 5)",
    "difficulty.weighting": "softmax (Eq. 8)",
    "difficulty.temperature": "1 (Eq. 8)",
    "clustering.embedding": "glove, the mean over the words",
    "curriculum.num_stages": "epochs / 2; one epoch is one stage",
    "curriculum.deadline": "off",
    "distillation.epochs": "20 for LLaMA-7B (40 on ASDiv and SVAMP), 100 for FlanT5",
    "distillation.learning_rate": "1e-5 for LLaMA-7B, 5e-5 for FlanT5; Adam",
    "distillation.weight_floor": "0 (Eq. 15)",
    "distillation.lora_rank": "64 for LLaMA-7B, 128 for FlanT5-XL; not stated for FlanT5-Large",
}
"""By setting; what stands here is shown instead of the setting's own `paper`."""

OF_THIS_PROGRAM = (
    "name", "data.task", "data.fields", "data.evaluation_source", "data.evaluation_fields", "student.device",
    "distillation.checkpoint_seconds", "distillation.tensorboard",
)  # fmt: skip
"""How this program is used, not what the method does: of these a paper has nothing to say."""
