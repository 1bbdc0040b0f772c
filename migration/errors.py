"""Every error the workbook raises on purpose, each with the fields that explain it.

Knows: what a person must be told to act. Refuses to know: how it is shown (the CLI does that).
A `BadInput` is the caller's to mend (exit code 2); a `StepFailed` is a step that ran and broke (exit code 1).
"""


class MigrationError(Exception):
    """Base of all errors below: `str(error)` is one clear line that says what to do."""


class BadInput(MigrationError):
    """Arguments or input that cannot be used: a missing file, an unknown parameter, an empty log."""


class ContractError(MigrationError):
    """A table lacks a column of its contract, or holds a value the contract forbids."""

    def __init__(self, table: str, problems: list[str]):
        self.table, self.problems = table, problems
        super().__init__(f"{table} does not keep its contract: " + "; ".join(problems))


class MissingStep(BadInput):
    """A step was opened before the step that it reads from was done."""

    def __init__(self, step: str, needs: str, run: str):
        self.step, self.needs, self.run = step, needs, run
        super().__init__(f"{step} needs {needs}, which {run} does not hold: run {needs} on this run folder first")


class NotEnoughCalls(MigrationError):
    """A step cannot decide from so few calls. `have` and `need` count calls, `what` names what they are for."""

    def __init__(self, what: str, have: int, need: int):
        self.what, self.have, self.need = what, have, need
        super().__init__(f"{what}: {have} calls are too few, at least {need} are needed")


class LeakError(MigrationError):
    """Training and held-out calls overlap. `pairs` holds (train call_id, held-out call_id)."""

    def __init__(self, pairs: list[tuple[str, str]], detail: str = ""):
        self.pairs = pairs
        super().__init__(f"{len(pairs)} training examples repeat held-out calls, first {pairs[:3]}. {detail}".strip())


class StepFailed(MigrationError):
    """A notebook cell raised. Carries the notebook, the cell's number and the error's last line."""

    def __init__(self, step: str, cell: int | None, error: str, where: str):
        self.step, self.cell, self.error, self.where = step, cell, error, where
        at = f"cell {cell}" if cell is not None else "before its first cell"
        super().__init__(f"{step} failed at {at}: {error} (executed notebook: {where})")
