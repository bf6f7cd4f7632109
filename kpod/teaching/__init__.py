"""Rationales written by a teacher: an OpenAI-compatible endpoint, or a causal checkpoint on this machine.

`teach.teach(options, reporter)` asks for what is missing and writes the file of questions with rationales. Beside a
file `FILE` stand, whoever started it:

FILE.journal        every answer as it came, a line of JSON each, fsynced; it is all that a stopped generation needs to
                    continue, and it stays when the file is written (`journal.py` documents its lines)
FILE.progress.json  replaced whole about once a second: status (running, finished, finished with failures, stopped,
                    failed), done, failed, total, unit, requests, retries, prompt_tokens, completion_tokens,
                    cost (None without prices), cost_limit, seconds_left (None until known), last_error, process,
                    updated_at
FILE.cancel         made by anybody, asks for a stop; the generation deletes it when it has stopped, and when it starts
FILE.lock           held while a process works on FILE

Exit status of `python -m kpod teach`: 0 every question has an answer; 1 finished, and some questions failed (they are
asked again when the same command runs again); 2 a mistake, or an endpoint that takes no request, in which case nothing
that came is lost; 3 the cost limit is reached; 130 stopped by Ctrl-C, SIGTERM or FILE.cancel.
"""
