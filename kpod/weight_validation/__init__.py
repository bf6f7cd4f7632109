"""Are token weights right? Held against arithmetic that is known, against simpler scores, and against each other.

No torch: plain arrays and frames in, plain values out. Scores that need the student are computed elsewhere
(`kpod.token_weighting.saliency`) and come in as arrays.
"""

from kpod.weight_validation.agreement import AGREEMENT_COLUMNS, agreement_of
from kpod.weight_validation.markdown import over_baseline, predictor_sentences, reports_markdown
from kpod.weight_validation.material import Material, material_of_run
from kpod.weight_validation.report import Report, validate
from kpod.weight_validation.roc import Bootstrap, auc
from kpod.weight_validation.saved import (
    FILE,
    MARKDOWN,
    answer_losses_of,
    encoding_of,
    is_stale,
    read_reports,
    save_report,
)
from kpod.weight_validation.scores import SCORE_NAMES, baseline_name, plain_scores
from kpod.weight_validation.targets import TARGET_NAMES, Target, find_targets
from kpod.weight_validation.truth import Arithmetic, found_arithmetic, read_calculations

__all__ = [
    "AGREEMENT_COLUMNS",
    "FILE",
    "MARKDOWN",
    "SCORE_NAMES",
    "TARGET_NAMES",
    "Arithmetic",
    "Bootstrap",
    "Material",
    "Report",
    "Target",
    "agreement_of",
    "answer_losses_of",
    "auc",
    "baseline_name",
    "encoding_of",
    "find_targets",
    "found_arithmetic",
    "is_stale",
    "material_of_run",
    "over_baseline",
    "plain_scores",
    "predictor_sentences",
    "read_calculations",
    "read_reports",
    "reports_markdown",
    "save_report",
    "validate",
]
