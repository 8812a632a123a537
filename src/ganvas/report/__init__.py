"""The page a run leaves behind: one self-contained ``report.html`` that opens from a file, without a network."""

from ganvas.report.page import write_report

__all__ = ["write_report"]
