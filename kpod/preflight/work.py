"""What each stage of a run costs: arithmetic by stage, memory and disk. Formulas over plain counts.

A pass over a token costs 2 floating-point operations a weight forward, 4 with the way back through frozen weights to a
low-rank adapter, and 6 where every weight is trained.
"""

from __future__ import annotations

from kpod import methods
from kpod.config import RunConfig
from kpod.preflight.data import DataFigures
from kpod.preflight.student import StudentFigures

FORWARD, TRAINING, TRAINING_ALL = 2.0, 4.0, 6.0  # operations a weight and token
MEASURE_EVERY = 6  # generator steps between two more forward passes of mask learning, as it has them
RATIONALES_A_QUESTION = {"consistency": 2, "counterfactual": 2}
ROWS_AS_SLOW_AS_ONE = 8  # an output of 3 took SmolLM2-135M 3 to 5 times as long as one of a batch of 32
UNKNOWN_STUDENT_PARAMETERS = 1_000_000_000
UNKNOWN_VOCABULARY = 50_000

PROCESS_BYTES = 600_000_000  # torch and its kin, before any model
CHECKPOINTS_AT_ONCE = 3  # two kept, one being written
VALUES_A_TRAINED_WEIGHT = 3  # itself and AdamW's two moments
BYTES_A_TRAINED_WEIGHT = 16  # those and its gradient, in float32
UNSEEN_ACTIVATIONS = 1.3  # norms, gates and attention, beside the inputs and outputs of the matrices
CONTINUED = 0.5  # of a rationale's tokens, about, follow a step that is drawn from the second to the last
COPIES_OF_LOGITS = 3  # logits, their softmax, their gradient


def model_work(config: RunConfig, data: DataFigures, num_parameters: float) -> dict[str, float]:
    """Floating-point operations of the stages in which the student works; a stage that is not needed is left out."""
    method = methods.get(config.method)
    forward, training = FORWARD * num_parameters, TRAINING * num_parameters
    work = {"losses": data.tokens * forward}
    if method.learns_weights:
        settings = config.weights.effective
        learned = min(settings.max_questions or data.questions, data.questions) / data.questions
        rest = CONTINUED * data.rationale_tokens if settings.rest_weight else 0.0
        tokens = learned * (data.tokens + data.prefix_tokens + rest)
        alone = 1 / settings.predictor_every if settings.predictor_every and settings.predictor_rate != 0 else 0.0
        measured = settings.epochs / MEASURE_EVERY * (1 - alone)
        work["weights"] = tokens * ((settings.warmup_epochs + settings.epochs) * training + 2 * measured * forward)
    samples = config.evaluation.samples
    asked, prompt_tokens = samples * data.evaluation_questions, samples * data.evaluation_prompt_tokens
    rows = _generated_rows(asked, config.evaluation.batch_size)
    if config.evaluation.base_student:  # which often goes on to the end
        work["evaluate base"] = (prompt_tokens + rows * config.evaluation.max_new_tokens) * forward
    settings = config.distillation
    probed = min(settings.probe_questions or data.questions, data.questions) / data.questions
    rationales = RATIONALES_A_QUESTION.get(method.objective, 1)
    a_token = TRAINING_ALL * num_parameters if settings.tuning == "full" else training
    work["distill"] = settings.epochs * data.tokens * (rationales * a_token + probed * forward)
    new = min(config.evaluation.max_new_tokens, data.output_tokens)
    work["evaluate"] = (prompt_tokens + rows * new) * forward
    return work


def _generated_rows(questions: int, batch_size: int) -> int:
    """Rows of all batches; a small batch takes as long as one of `ROWS_AS_SLOW_AS_ONE`: it waits for the weights."""
    whole, rest = divmod(questions, batch_size)
    return whole * max(batch_size, ROWS_AS_SLOW_AS_ONE) + (max(rest, ROWS_AS_SLOW_AS_ONE) if rest else 0)


def other_seconds(config: RunConfig, data: DataFigures) -> dict[str, float]:
    """Seconds of the stages without the student, on two cores: measured on 300 and on 7,473 questions, rounded up."""
    questions = data.questions + data.evaluation_questions
    return {
        "prepare": 1 + 0.003 * data.questions,
        "evaluation set": 0.2 + 0.001 * data.evaluation_questions,
        "cluster": 2 + 0.001 * data.questions,
        "map": 12 + 0.004 * questions,  # most of it UMAP's first fit, which compiles
        "difficulty": 0.1 + 0.0002 * data.questions,
        "schedule": 0.1 + 2e-6 * data.questions * (config.num_stages + 1),
    }


def fixed_bytes(config: RunConfig, student: StudentFigures, bytes_a_weight: int) -> float:
    """The part of the peak that no batch changes: the process, the weights, and what training keeps of each."""
    weights = (student.num_parameters or UNKNOWN_STUDENT_PARAMETERS) * bytes_a_weight
    return PROCESS_BYTES + weights + BYTES_A_TRAINED_WEIGHT * trained_parameters(config, student)


def working_bytes(config: RunConfig, data: DataFigures, student: StudentFigures) -> float:
    """The part of the peak that goes with the batch: activations and logits of the largest training batch."""
    copies = 2 * data.prefix_tokens / data.questions  # the longest rationales have about twice as many steps
    tokens = config.distillation.batch_size * data.longest
    if methods.get(config.method).learns_weights:
        settings = config.weights.effective
        rest = data.longest if settings.rest_weight else 0  # a continuation may be nearly the whole rationale
        tokens = max(tokens, settings.batch_size * (data.longest + copies + rest))
    between = sum(rows + columns for _, (rows, columns) in student.linear_shapes) or _usual_activations(student)
    between *= student.share_a_token
    a_token = 4 * (UNSEEN_ACTIVATIONS * between + COPIES_OF_LOGITS * (student.vocabulary or UNKNOWN_VOCABULARY))
    return tokens * a_token


def _usual_activations(student: StudentFigures) -> float:
    """Inputs and outputs of a token's matrices, of a transformer of this size that is not here yet.

    12 L D^2 weights in L layers of width D, which is about 96 L, and some 20 D inputs and outputs a layer.
    """
    layers = ((student.num_parameters or UNKNOWN_STUDENT_PARAMETERS) / (12 * 96**2)) ** (1 / 3)
    return 20 * 96 * layers**2


def trained_parameters(config: RunConfig, student: StudentFigures) -> int:
    """Weights that the distillation trains; 0 where an adapter's matrices are not known."""
    if config.distillation.tuning == "full":
        return student.num_parameters or UNKNOWN_STUDENT_PARAMETERS
    return adapter_parameters(config, student)


def adapter_parameters(config: RunConfig, student: StudentFigures) -> int:
    """Trained weights of the distillation's adapter; 0 where the student's matrices are not known."""
    targets = config.distillation.lora_targets
    names = None if targets == "all-linear" else {name.strip() for name in targets.split(",")}
    return config.distillation.lora_rank * sum(
        rows + columns for name, (rows, columns) in student.linear_shapes if names is None or name in names
    )


def disk_bytes(config: RunConfig, data: DataFigures, student: StudentFigures) -> float:
    """What a run folder comes to hold, checkpoints included."""
    trained = 4 * trained_parameters(config, student)
    tables = 60 * data.rationale_tokens + 2_000 * (data.questions + data.evaluation_questions)
    histories = 8 * (config.weights.epochs * data.rationale_tokens + config.distillation.epochs * data.steps)
    return trained * (1 + CHECKPOINTS_AT_ONCE * VALUES_A_TRAINED_WEIGHT) + tables + histories
