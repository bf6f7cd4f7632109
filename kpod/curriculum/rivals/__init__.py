"""KPOD's curriculum and its rivals behind one interface. To add one: a class, and a line here."""

from __future__ import annotations

from kpod.curriculum.rivals.adaptive import AdaptiveCurriculum, SelfPacedCurriculum
from kpod.curriculum.rivals.interface import (
    Curriculum,
    CurriculumEntry,
    CurriculumInputs,
    CurriculumState,
    StagePlan,
    all_plans,
    curriculum_inputs,
    schedule_of_plans,
    supervised_difficulty,
)
from kpod.curriculum.rivals.orders import WholeFromTheStart, easy_to_hard, hard_to_easy, random_order
from kpod.curriculum.rivals.progressive import InSampleCurriculum, ScheduledCurriculum
from kpod.errors import InputError


def _kpod(inputs: CurriculumInputs) -> Curriculum:
    return ScheduledCurriculum(inputs, inputs.schedule())


CURRICULA: dict[str, CurriculumEntry] = {
    entry.name: entry
    for entry in (
        CurriculumEntry("kpod", "KPOD", "Feng et al., ICML 2024", False, _kpod),
        CurriculumEntry("none", "No curriculum", "all steps from the start", False, WholeFromTheStart),
        CurriculumEntry("easy_to_hard", "Easy to hard", "Bengio et al., ICML 2009", False, easy_to_hard),
        CurriculumEntry("random", "Random order", "control: the same budget", False, random_order),
        CurriculumEntry("hard_to_easy", "Hard to easy", "control: the reversed order", False, hard_to_easy),
        CurriculumEntry("adaptive", "Adaptive CL", "Kong et al., ICCV 2021", True, AdaptiveCurriculum),
        CurriculumEntry("self_paced", "Self-paced (SPL)", "Kumar et al., NIPS 2010", True, SelfPacedCurriculum),
        CurriculumEntry("in_sample", "In-sample (ICL)", "Jia et al., ACL 2023", False, InSampleCurriculum),
    )
}


def make_curriculum(name: str, inputs: CurriculumInputs, **options) -> Curriculum:
    """The curriculum of that name; `options` are its own. Raises InputError for an unknown name."""
    if name not in CURRICULA:
        raise InputError(f"unknown curriculum {name!r}; choose one of {', '.join(CURRICULA)}")
    return CURRICULA[name].build(inputs, **options)


__all__ = [
    "CURRICULA",
    "Curriculum",
    "CurriculumEntry",
    "CurriculumInputs",
    "CurriculumState",
    "StagePlan",
    "all_plans",
    "curriculum_inputs",
    "make_curriculum",
    "schedule_of_plans",
    "supervised_difficulty",
]
