"""The paper's claims, one a file: statement, prediction, decision rule, negative control. No helpers."""
