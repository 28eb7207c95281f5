"""The errors a user meets: where, what, what to do."""


def printable(text: str) -> str:
    """The text with control characters, which a file may have put there, as escapes; line ends stay."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


class BittwinError(Exception):
    """Bad input or usage: `where` it is, `what` is wrong with the value, what to `do`. Exit status 2."""

    exit_status = 2

    def __init__(self, where: str, what: str, do: str) -> None:
        where, what, do = (printable(text) for text in (where, what, do))
        super().__init__(f"{where}: {what}. {do}")
        self.where, self.what, self.do = where, what, do


class BudgetExceeded(BittwinError):
    """The work was done and the answer is no: a RAM or flash budget does not hold. Exit status 1."""

    exit_status = 1
