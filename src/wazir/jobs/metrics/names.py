"""Names of the files in an attempt's folder that carry metrics.

The supervisor writes `lines` and `log` (see `wazir.jobs.recording`): the head of what there is,
and after it tails named `<name>.<offset of the first byte>`, which sort by name.
"""

REPORT_FILE = "reports.jsonl"
"""Written by `wazir.reporting` in the trial's process, one JSON object per line."""

HYPERTUNE_FILE = "output.metrics"
"""Written by the cloudml-hypertune package; its path is given in CLOUD_ML_HP_METRIC_FILE."""

LINES_FILE = "lines"
"""Lines of output that match `line_pattern`, each as `<unix time>` TAB `<line>`."""

LOG_FILE = "log"
"""All output of the program."""
