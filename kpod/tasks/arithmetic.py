"""Any questions whose answers are numbers.

Q: Tom has 3 boxes of 4 pens. How many pens are that?   answer: "12"
"""

from kpod.tasks.numeric import numeric_task

TASK = numeric_task("arithmetic", "Arithmetic (any numeric answers)")
