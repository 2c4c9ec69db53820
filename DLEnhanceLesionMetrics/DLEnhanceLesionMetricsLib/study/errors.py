"""What can be wrong with a study, said to the coordinator, the reader or the statistician."""

from DLEnhanceLib.errors import BadOption


class StudyProblem(BadOption):
    """The study folder, its case list or its manifest is wrong; the text lists every finding."""


class NotAllowed(BadOption):
    """The study's rules forbid this step now: locked, not complete, washout, wrong role or wrong mode."""


class DamagedLog(StudyProblem):
    """An answer log was edited, shortened or written twice; nothing of it was removed."""
