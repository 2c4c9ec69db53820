"""The one place that holds the version and the research-use label."""

VERSION = "0.1.0"
LABEL = "Research use only. Not for diagnostic use. AI-modified image: compare with original."
