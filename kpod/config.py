"""The configuration of a run: validated once, frozen, YAML both ways. No torch.

Every setting carries its unit and, where the paper states one, the paper's value, so that a form can show both.
The pipeline unpacks it; the mathematics never sees it.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from kpod.config_history import advice_on, translate_settings
from kpod.config_section import Section, setting
from kpod.config_weights import TokenWeightSettings
from kpod.config_yaml import dump_yaml, load_yaml, read_value
from kpod.errors import InputError


class EvaluationSet(Section):
    """One more set of questions to measure on, such as one unlike the training data. A source alone will do."""

    source: str = Field(description="questions: a file, shipped:NAME, hub:NAME or small_world:...")
    name: str | None = setting(None, "what results call it; none: by source and split", min_length=1, max_length=120)
    task: str | None = setting(None, "how answers are read; none: guessed from the source")
    split: str | None = setting(None, "split to measure on; none: test where there is one, else every question")
    limit: int | None = setting(None, "first so many questions", unit="questions", ge=1)
    fields: dict[str, str] | None = setting(None, "columns of other names; none: guessed from the first rows")

    @model_validator(mode="before")
    @classmethod
    def _of_a_source_alone(cls, value: Any) -> Any:
        return {"source": value} if isinstance(value, str) else value


class DataSettings(Section):
    source: str = Field(description="questions: a file, shipped:NAME, hub:NAME or small_world:...")
    task: str | None = setting(None, "how answers are read; none: guessed from the source")
    fields: dict[str, str] | None = setting(
        None, "columns of the source with other names, as {question: prompt}; none: guessed from its first rows"
    )
    train_split: str = setting("train", "split that the student learns from")
    train_limit: int | None = setting(None, "first so many training questions", unit="questions", ge=1)
    evaluation_source: str | None = setting(None, "questions to measure on; none: the source itself")
    evaluation_split: str = setting("test", "split that the student is measured on")
    evaluation_limit: int | None = setting(None, "first so many evaluation questions", unit="questions", ge=1)
    evaluation_fields: dict[str, str] | None = setting(
        None, "columns of the evaluation source, where that is another; none: guessed from its first rows"
    )
    evaluation_sets: list[EvaluationSet] | None = setting(
        None, "more sets to measure on, as [FILE, {source: hub:NAME, limit: 200}]; none: only the one above"
    )
    duplicates: Literal["error", "first", "suffix"] = setting("error", "what to do with an id that comes again")
    wrong_rationales: Literal["drop", "keep", "flag"] = setting("drop", "whose own answer is not the gold one")
    truncated: Literal["drop", "keep", "flag"] = setting("drop", "rationales that are cut off")
    leaked_answers: Literal["strip", "drop", "keep"] = setting(
        "strip", 'sentences such as "The answer is 9." in rationales; the template adds its own'
    )
    early_answers: Literal["drop", "keep", "flag"] = setting("flag", "rationales that begin with their conclusion")
    near_duplicates: Literal["drop", "keep", "flag"] = setting("flag", "nearly the same question or rationale again")
    overlong: Literal["skip", "split"] = setting("skip", "rationales that are longer than student.max_tokens")
    shared_questions: Literal["warn", "refuse"] = setting(
        "warn", "questions to learn from that are measured too, under another id"
    )

    @model_validator(mode="after")
    def _fields_are_of_a_source(self) -> DataSettings:
        if self.evaluation_fields and not self.evaluation_source:
            raise ValueError(
                "data.evaluation_fields names columns of data.evaluation_source, which is none: the questions to "
                "measure on come from data.source, whose columns data.fields names. Set one of the two."
            )
        return self


class StudentSettings(Section):
    name: str = Field(description="a registered student, a local checkpoint folder or a hub id")
    max_tokens: int = setting(512, "longest template text; longer ones are skipped and counted", unit="tokens", ge=16)
    dtype: Literal["auto", "float32", "bfloat16"] = setting("auto", "arithmetic of the student")
    device: str = setting("auto", "auto, cpu or cuda[:N]", pattern=r"^(auto|cpu|cuda(:\d+)?)$")


class StepSettings(Section):
    mode: Literal["sentence", "paper"] = setting("sentence", "where a step ends", paper="paper")


class DifficultySettings(Section):
    weighting: Literal["softmax", "raw"] = setting(
        "softmax", "Eq. 8, or the mean loss without weights", paper="softmax"
    )
    temperature: float = setting(1.0, "of the softmax over a step's weights", paper=1.0, gt=0)


class ClusteringSettings(Section):
    num_clusters: int = setting(5, "K of K-means", paper=5, ge=1)
    embedding: Literal["auto", "glove", "tfidf", "student"] = setting("auto", "of the questions", paper="glove")
    glove_path: str | None = setting(None, "file of GloVe vectors; none: the package or the data folder")


class CurriculumSettings(Section):
    num_stages: int | None = setting(None, "T; none: half the epochs", unit="epochs", paper="epochs / 2", ge=1)
    initial_fraction: float = setting(0.3, "C0 as a share of the whole difficulty B", paper=0.3, ge=0, le=1)
    power: float = setting(0.5, "p of D(t) = u t^(p+1)/(p+1) + C0 (Eq. 11)", paper=0.5, ge=0)
    beta: float = setting(12.0, "worth of diversity (Eq. 12)", paper=12.0, ge=0)
    relative_beta: float | None = setting(None, "beta in units of the stage's budget; replaces beta", ge=0)
    delta_s: int = setting(1, "input steps a question may drop a stage", unit="steps", ge=1)
    selector: Literal["structured", "ftgp"] = setting("structured", "algorithm of the selection", paper="ftgp")
    deadline: bool = setting(True, "all rationales whole at T; off: as the paper's text", paper=False)


class DistillationSettings(Section):
    epochs: int = setting(10, "passes over the training questions", unit="epochs", paper=20, ge=1)
    length: Literal["epochs", "tokens"] = setting(
        "epochs", "passes over the questions, or as many supervised tokens as so many whole passes give", paper="epochs"
    )
    given_steps: Literal["decoder_prefix", "encoder_input"] = setting(
        "decoder_prefix", "where an encoder-decoder student finds the steps that it is given"
    )
    batch_size: int = setting(8, "questions a step", unit="questions", paper=4, ge=1)
    accumulation: int = setting(1, "batches whose gradients make one step", unit="batches", ge=1)
    learning_rate: float = setting(5e-4, "peak learning rate of AdamW", paper=1e-5, gt=0)
    schedule: Literal["constant", "linear", "cosine"] = setting("linear", "learning rate after its warm-up")
    warmup_fraction: float = setting(0.05, "part of the steps in which the rate rises", unit="share", ge=0, lt=1)
    weight_floor: float = setting(
        0.5, "f of f + (1 - f) w, a rationale token's weight in the loss of methods that weigh", paper=0, ge=0, le=1
    )
    weight_decay: float = setting(0.0, "of AdamW", ge=0)
    gradient_clip: float = setting(1.0, "largest gradient norm", gt=0)
    tuning: Literal["lora", "full"] = setting("lora", "an adapter is trained, or every weight", paper="lora")
    lora_rank: int = setting(16, "rank of the student's adapter", paper=64, ge=1)
    lora_alpha: int | None = setting(None, "scale of the adapter; none: twice the rank", ge=1)
    lora_dropout: float = setting(0.0, "dropout before the adapter", unit="share", ge=0, lt=1)
    lora_targets: str = setting("all-linear", "all-linear, or module names with commas between")
    probe_questions: int | None = setting(
        None, "whose difficulty every epoch records; none: all", unit="questions", ge=1
    )
    checkpoint_seconds: float = setting(60.0, "time between checkpoints", unit="s", gt=0)
    tensorboard: bool = setting(True, "write the metrics of both trainings as TensorBoard events too")


class EvaluationSettings(Section):
    max_new_tokens: int = setting(256, "longest output", unit="tokens", ge=1)
    batch_size: int = setting(32, "questions a batch", unit="questions", ge=1)
    base_student: bool = setting(True, "measure the student before distillation too")
    samples: int = setting(
        1, "outputs a question, of whose answers the most frequent counts; 1 is greedy", unit="outputs", ge=1, le=1000
    )
    temperature: float = setting(0.7, "of the sampling, where there are several outputs a question", gt=0)


class RunConfig(Section):
    """The whole of a run. `to_yaml` and `from_yaml` are inverses."""

    name: str = Field(min_length=1, max_length=120, description="what lists show")
    method: str = setting("kpod", "what the student is taught and in which order: KPOD, an ablation of it, or a rival")
    seed: int = setting(0, "of every random choice", ge=0, lt=2**31)
    data: DataSettings
    student: StudentSettings
    steps: StepSettings = StepSettings()
    weights: TokenWeightSettings = TokenWeightSettings()
    difficulty: DifficultySettings = DifficultySettings()
    clustering: ClusteringSettings = ClusteringSettings()
    curriculum: CurriculumSettings = CurriculumSettings()
    distillation: DistillationSettings = DistillationSettings()
    evaluation: EvaluationSettings = EvaluationSettings()

    @model_validator(mode="after")
    def _stages_fit_into_the_epochs(self) -> RunConfig:
        stages = self.curriculum.num_stages
        if stages is not None and stages > self.distillation.epochs:
            raise ValueError(
                f"curriculum.num_stages is {stages}, more than the {self.distillation.epochs} epochs of "
                "distillation.epochs: rationales would never become whole. Lower the one or raise the other."
            )
        return self

    @property
    def num_stages(self) -> int:
        """T of the schedule: as set, else half the epochs (App. A), at least 1."""
        return self.curriculum.num_stages or max(1, self.distillation.epochs // 2)

    def to_yaml(self) -> str:
        return dump_yaml(self.model_dump(), sort_keys=False)

    @classmethod
    def from_yaml(cls, text: str) -> RunConfig:
        return read_config(text)[0]

    @classmethod
    def from_file(cls, path: str | Path) -> RunConfig:
        return load_config(path)[0]


def read_config(text: str) -> tuple[RunConfig, tuple[str, ...]]:
    """The configuration of a YAML text, and what was translated because an older version wrote it."""
    try:
        values = load_yaml(text)
    except yaml.YAMLError as error:
        raise InputError(f"The configuration is not valid YAML: {error}. Mend it and try again.") from error
    values, remarks = translate_settings(values)
    return make_config(values), remarks


def load_config(path: str | Path) -> tuple[RunConfig, tuple[str, ...]]:
    """The configuration of a YAML file, as `read_config` reads it."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"No configuration file at {path}. Give the path of a YAML file such as a run's config.yaml.")
    try:
        return read_config(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no text file in UTF-8 ({error}). Give a YAML file of settings.") from error
    except OSError as error:  # deleted at this moment, or not for us to read
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def make_config(values: Any) -> RunConfig:
    """A validated configuration from plain values.

    Raises InputError that names every bad setting, what arrived and what is allowed.
    """
    if not isinstance(values, dict):
        raise InputError(f"A configuration is a mapping of settings; got {type(values).__name__}. Start from a preset.")
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        raise InputError("\n".join(_explain(entry) for entry in error.errors())) from error


def setting_problems(values: dict[str, Any]) -> list[tuple[str, str]]:
    """What `make_config` would refuse, as (setting, message) pairs; "" for what concerns several settings."""
    try:
        RunConfig.model_validate(values)
    except ValidationError as error:
        return [(".".join(map(str, entry["loc"])), _explain(entry)) for entry in error.errors()]
    return []


def override(config: RunConfig, assignments: list[str]) -> RunConfig:
    """The configuration with `a.b=value` assignments applied; values are read as YAML."""
    values = config.model_dump()
    for assignment in assignments:
        path, separator, text = assignment.partition("=")
        if not separator:
            raise InputError(
                f"Got --set {assignment!r}; write a setting and its value, as in --set distillation.epochs=4."
            )
        keys = path.strip().split(".")
        parent = values
        for depth, key in enumerate(keys[:-1]):
            if not isinstance(parent.get(key), dict):
                raise InputError(_unknown(".".join(keys[: depth + 1]), key, list(parent)))
            parent = parent[key]
        if keys[-1] not in parent:
            raise InputError(_unknown(path, keys[-1], list(parent)))
        try:
            parent[keys[-1]] = read_value(text)
        except yaml.YAMLError as error:
            raise InputError(f"The value of --set {assignment!r} is not valid YAML; quote it.") from error
    return make_config(values)


def _explain(entry: Any) -> str:
    path = ".".join(str(part) for part in entry["loc"])
    if entry["type"] == "extra_forbidden":
        return _unknown(path, str(entry["loc"][-1]), _names_beside(entry["loc"]))
    if entry["type"] == "missing":
        ways = "." if any(isinstance(part, int) for part in entry["loc"]) else f" or with --set {path}=..."
        return f"{path} is missing: {_description(entry['loc'])}. Give it in the file{ways}"
    message = entry["msg"].removeprefix("Value error, ")
    if not path:
        return message
    return f"{path} is {_short(entry['input'])}: {message}."


def _short(value: Any) -> str:
    """A value as it arrived, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:199]}…"


def _section_at(path: tuple[Any, ...]) -> type[Section]:
    section: type[Section] = RunConfig
    for part in path:
        if isinstance(part, int):  # a place in a list of sections
            section = EvaluationSet
        elif part != "evaluation_sets":
            section = section.model_fields[part].annotation  # type: ignore[assignment]
    return section


def _names_beside(path: tuple[Any, ...]) -> list[str]:
    return list(_section_at(path[:-1]).model_fields)


def _description(path: tuple[Any, ...]) -> str:
    return _section_at(path[:-1]).model_fields[path[-1]].description or "a section of settings"


def _unknown(path: str, key: str, allowed: list[str]) -> str:
    near = difflib.get_close_matches(key, allowed, n=1, cutoff=0.5)
    hint = f" {advice_on(path)}" if advice_on(path) else f" Did you mean {near[0]}?" if near else ""
    return f"{path} is no setting.{hint} Allowed here: {', '.join(allowed)}."
