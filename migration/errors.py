"""Every error the workbook raises on purpose, each with the fields that explain it.

Out of scope: how they are shown (the CLI does that). `exit_code` says whose turn it is: 2, the caller's, who can
correct arguments or input; 1, a step that ran and broke.
"""


class MigrationError(Exception):
    """Base of all errors below: `str(error)` is one clear line that says what to do."""

    exit_code = 1


class BadInput(MigrationError):
    """Arguments or input that cannot be used: a missing file, an unknown parameter, an empty log.

    A message may quote what was given, whatever its length: it is one line of at most LONGEST characters.
    """

    exit_code = 2
    LONGEST = 2_000

    def __init__(self, said: str = ""):
        line = " ".join(said.split())
        super().__init__(line if len(line) <= self.LONGEST else f"{line[: self.LONGEST - 1]}…")


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


class DamagedFile(BadInput):
    """A file of a run is not what its step wrote: bits flipped, cut off, or edited by hand."""

    def __init__(self, file: str, remedy: str):
        self.file, self.remedy = file, remedy
        super().__init__(f"{file} is not what its step wrote (damaged or edited): {remedy}")


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
    """A notebook cell raised. Carries the notebook, the cell's number, the error's class and its last line."""

    def __init__(self, step: str, cell: int | None, error: str, where: str, *, kind: str = ""):
        self.step, self.cell, self.error, self.where, self.kind = step, cell, error, where, kind
        self.exit_code = getattr(globals().get(kind), "exit_code", 1)
        at = f"cell {cell}" if cell is not None else "before its first cell"
        super().__init__(f"{step} failed at {at}: {error} (executed notebook: {where})")
