"""Any questions with options.

Q: What melts in the sun?  choices: ["a stone", "ice", "a spoon"]   answer: "B"
"""

from kpod.tasks.lettered import letter_task

TASK = letter_task("multiple_choice", "Multiple choice (any options)")
