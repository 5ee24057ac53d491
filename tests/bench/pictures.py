#!/usr/bin/env python3
"""Draws the README's pictures from the real program: one command, nothing by hand.

  cargo build --release && tests/bench/pictures.py

Each scene opens the demo in a pseudo-terminal, presses its keys, and writes what then stands on the
screen to assets/pictures as SVG. Needs pyte (pip install pyte).
"""
import argparse, fcntl, html, os, pty, re, select, signal, struct, sys, tempfile, termios, time
from pathlib import Path

import pyte

HERE = Path(__file__).resolve().parents[2]
COLUMNS, ROWS = 100, 30
CELL = (8.4, 18)
# The second cell of a wide character.
WIDE = "\x00"
INK, PAPER, DIM = "#d8dee9", "#1b1f27", "#8a93a5"
COLOURS = {"black": "#3b4252", "red": "#ff7b72", "green": "#7ee787", "brown": "#e3b341", "blue": "#79c0ff",
           "magenta": "#d2a8ff", "cyan": "#56d4dd", "white": INK, "brightblack": DIM}

# Keys are text; a step of two waits until the text is on the screen.
SCENES = {
    "payments": [("wait", "2 000"), "/refundable account:hub-us\r", ("wait", "/ refundable"), "jjj"],
    "compose": [("wait", "2 000"), "/refundable account:hub-us\r", ("wait", "/ refundable"), "r",
                ("wait", "Compose"), "50%\t\x1b[C", ("wait", "without a checker")],
    "drill": [("wait", "2 000"), "T", ("wait", "Drill 1/7")],
    "phone": [("wait", "2 000"), "/refundable account:hub-us can:>20\r", ("wait", "/ refundable"), "r",
              ("wait", "Compose"), "10.00\t\x1b[C", ("wait", "= 10.00"), "\x13", ("wait", "y yes, do it"), "y",
              ("wait", "confirmed ("), "p", ("wait", "We sent")],
    "refund": [("wait", "2 000"), "/refundable account:hub-us can:>20\r", ("wait", "/ refundable"), "r",
               ("wait", "Compose"), "10.02\t\x1b[C", ("wait", "= 10.02"), "\x13", ("wait", "y yes, do it"), "y",
               ("wait", "confirmed ("), "\r", ("wait", "Timeline")],
}


class Desk:
    """The demo in a pseudo-terminal of its own, and what it shows."""

    def __init__(self, binary, folder):
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            for name in ("NO_COLOR", "TMUX"):
                os.environ.pop(name, None)
            os.environ.update(TERM="xterm-256color", LANG="C.UTF-8", LC_ALL="C.UTF-8", COLORTERM="")
            os.execv(binary, [binary, "demo", "--as", "ann", "--data-dir", folder])
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)

    def read(self, seconds):
        while select.select([self.terminal], [], [], seconds)[0]:
            self.stream.feed(os.read(self.terminal, 65536))

    def wait(self, text):
        end = time.monotonic() + 60
        while not any(text in line for line in self.screen.display):
            if time.monotonic() > end:
                sys.exit(f"waited for {text!r}, saw:\n" + "\n".join(self.screen.display))
            self.read(0.1)

    def play(self, scene):
        for step in scene:
            if isinstance(step, tuple):
                self.wait(step[1])
            else:
                os.write(self.terminal, step.encode())
                self.read(0.5)
        self.read(1)

    def close(self):
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


def colour(name, otherwise):
    if name == "default":
        return otherwise
    return COLOURS.get(name, f"#{name}" if len(name) == 6 else otherwise)


def looks(cell):
    ink, paper = colour(cell.fg, INK), colour(cell.bg, PAPER)
    return (paper, ink, cell.bold, cell.underscore) if cell.reverse else (ink, paper, cell.bold, cell.underscore)


def runs(line):
    """A line in pieces that look alike: where each begins, how many cells it takes, its text, its looks."""
    start, text, last = 0, "", None
    for x in range(COLUMNS):
        cell = line[x]
        if looks(cell) != last and text:
            yield start, x - start, text, last
            start, text = x, ""
        last = looks(cell)
        text += cell.data or WIDE
    yield start, COLUMNS - start, text, last


def words(text):
    """A piece in what has no more than one blank between: viewers make one of several. Where each begins,
    how many cells it takes, and its text."""
    for found in re.finditer(r"\S+(?: \S+)*", text):
        yield found.start(), len(found[0]), found[0].replace(WIDE, "")


def svg(screen, title):
    width, height = COLUMNS * CELL[0] + 24, ROWS * CELL[1] + 24
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{title}">',
           f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>',
           '<g font-family="ui-monospace,Menlo,Consolas,monospace" font-size="14">']
    for y in range(ROWS):
        for x, cells, text, (ink, paper, bold, underlined) in runs(screen.buffer[y]):
            left, top, wide = 12 + x * CELL[0], 12 + y * CELL[1], cells * CELL[0]
            if paper != PAPER:
                out.append(f'<rect x="{left:g}" y="{top:g}" width="{wide:g}" height="{CELL[1]}" fill="{paper}"/>')
            more = ' font-weight="bold"' * bold + ' text-decoration="underline"' * underlined
            for at, cells, word in words(text):
                out.append(f'<text x="{left + at * CELL[0]:g}" y="{top + 14:g}" textLength="{cells * CELL[0]:g}" '
                           f'fill="{ink}"{more}>{html.escape(word)}</text>')
    return "\n".join(out + ["</g>", "</svg>", ""])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    target = Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target"))
    p.add_argument("--binary", type=Path, default=target / "release" / "refund-desk")
    p.add_argument("scenes", nargs="*", help="only these")
    a = p.parse_args()
    pictures = HERE / "assets" / "pictures"
    pictures.mkdir(exist_ok=True)
    for name in a.scenes or SCENES:
        with tempfile.TemporaryDirectory() as folder:
            desk = Desk(str(a.binary), folder + "/demo")
            desk.play(SCENES[name])
            (pictures / f"{name}.svg").write_text(svg(desk.screen, f"refund-desk: {name}"))
            desk.close()
        print(name, flush=True)


if __name__ == "__main__":
    main()
