#!/usr/bin/env python3
"""What the desk's screen costs, on a generated ledger of a million payments: one command, one table.

  cargo build --release && tests/bench/screen.py

Every figure is taken from the far side of a pseudo-terminal by ptybench.py (no emulator in between).
Payments, simulators and database live in a folder of their own, which --keep keeps for the next run.
A limit that is missed is marked, and the exit code is then 1. Timings of a busy machine are its own.
"""
import argparse, contextlib, fcntl, importlib.util, json, os, pty, select, shutil, signal, sqlite3, struct, subprocess
import sys, tempfile, termios, time
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
PTYBENCH = HERE.parent / "shared" / "tools" / "ptybench.py"
SIZE = "120x40"

# Others at the same task, by the same ptybench at the same size: shared/design/terminal.md, part 5. Name and version,
# data, first rows in ms, row down bytes at p99, page down bytes, idle CPU %, idle bytes in 5 s, peak memory in MB.
PEERS = [
    ("less 590", "1M rows of CSV", 10, 139, 4453, 0.0, 0, 2.5),
    ("csvlens 0.15.1", "1M rows of CSV", 286, 5375, 5517, 0.42, 500, 8.3),
    ("visidata 3.4", "1M rows of CSV", 380, 1199, 4258, 1.60, 669, 980),
    ("pspg 5.7.2", "100k rows of CSV", 452, 569, 4162, 0.0, 0, 54),
    ("atuin 18.24.4", "200k commands", 40, 3038, None, 0.51, 627, 32.8),
    ("rainfrog 0.4.6", "100 rows of SQLite", 104, 1957, None, 1.17, 1875, 21.6),
]


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    target = Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target"))
    p.add_argument("--binary", type=Path, default=target / "release" / "refund-desk")
    p.add_argument("--debug-binary", type=Path, default=target / "debug" / "refund-desk",
                   help="for the forced panic, which a release build cannot be made to have")
    p.add_argument("--ptybench", type=Path, default=PTYBENCH)
    p.add_argument("--rows", type=int, default=1_000_000)
    p.add_argument("--keep", type=Path, metavar="DIR", help="make the ledger here, or use the one that is here")
    p.add_argument("--runs", type=int, default=5, help="starts to take the median of")
    return p.parse_args()


class Ledger:
    """The payments, the simulators beside them, and the database."""

    def __init__(self, a, folder):
        self.binary, self.folder, self.rows = str(a.binary), folder, a.rows
        self.config, self.data = folder / "config.toml", folder / "data"
        # Providers are elsewhere: theirs is no time of this machine's.
        self.sandbox = subprocess.Popen(
            ["nice", "-n", "19", self.binary, "sandbox", "--config-to", str(self.config),
             "--book", str(folder / "book.jsonl")], stdout=subprocess.PIPE, cwd=folder)
        self.sandbox.stdout.readline()              # ready
        self.settlement = folder / "settlement.csv"
        self.fill()

    def command(self, *more):
        return [self.binary, *more, "--config", str(self.config), "--data-dir", str(self.data)]

    def fill(self):
        if (self.data / "desk.db").exists():
            return
        with open(self.settlement, "w") as out:
            out.write("account,payment_id,reference,amount,currency,captured_at,settled_at,payer,last4,order\n")
            for n in range(self.rows):
                # Ids, amounts and days of real files are not sorted either.
                mixed = n * 0x9E3779B97F4A7C15 & (1 << 64) - 1
                day = f"2026-{1 + mixed // 29 % 10:02}-{1 + mixed % 28:02}"
                out.write(f"hub-us,{mixed:032x},CD-{n:07},{3 + mixed % 200}.{mixed % 97:02},USD,{day}T10:00:00Z,"
                          f"{day}T22:00:00Z,customer {n // 3:06},{mixed % 10000:04},ORD-{n // 2:06}\n")
        subprocess.run(self.command("import", str(self.settlement)), check=True, stdout=subprocess.DEVNULL)

    def found_right(self):
        """When all records were last found right, in seconds since 1970; 0: never."""
        with contextlib.closing(sqlite3.connect(f"file:{self.data / 'desk.db'}?mode=ro", uri=True)) as db:
            row = db.execute("SELECT value FROM desk WHERE name = 'found_right_at'").fetchone()
        return int(row[0]) / 1000 if row else 0

    def check(self):
        """The first desk of a day checks every record behind its first frame; only after that is it idle.
        How long it takes; none where it was done within the day."""
        if time.time() - self.found_right() < 20 * 3600:
            return None
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ["TERM"] = "xterm-256color"
            os.execv(self.binary, self.command())
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        start = time.monotonic()
        while time.time() - self.found_right() > 20 * 3600 and time.monotonic() - start < 600:
            if select.select([terminal], [], [], 0.2)[0]:
                os.read(terminal, 65536)
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        os.close(terminal)
        return time.monotonic() - start

    def close(self):
        self.sandbox.terminate()
        self.sandbox.wait()


class Load:
    """A sync and a search through everything, over and over, in processes of their own. What the sync brought is gone
    afterwards: the next run is to find the same payments."""

    def __init__(self, ledger):
        self.data, self.before = ledger.data, ledger.folder / "before"
        shutil.rmtree(self.before, ignore_errors=True)
        shutil.copytree(self.data, self.before)
        os.sync()                                   # the copy is not to be written out under the load
        work = [ledger.command("sync", "nuapay-uk", "nuapay-eu"),
                # No index answers this one: each payment is looked at.
                ledger.command("payments", "--query", "can:>1000000", "--read-only")]
        loop = 'while :; do "$@" >/dev/null 2>&1; done'
        self.loops = [subprocess.Popen(["sh", "-c", loop, "sh", *one], start_new_session=True) for one in work]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self.loops:
            os.killpg(one.pid, 15)
            one.wait()
        shutil.rmtree(self.data)
        self.before.rename(self.data)


def measure(a, command, *options):
    run = subprocess.run([sys.executable, str(a.ptybench), "--size", SIZE, *options, "--", *command],
                         capture_output=True, text=True)
    try:
        return json.loads(run.stdout)
    except json.JSONDecodeError:
        sys.exit(f"ptybench: {run.stderr or run.stdout}")


class Table:
    missed = 0

    def row(self, what, figure, limit="", holds=True):
        mark = "" if holds else "  MISSED"
        self.missed += not holds
        print(f"{what:<58} {figure:<30} {limit}{mark}", flush=True)


def key(result, name):
    return next(row for row in result["keys"] if row["key"] == name)


def starts(a, table, command):
    for name, options in [("first frame", []), ("first frame, queries never answered", ["--mute"]),
                          ("first frame, answers 250 ms late", ["--reply-delay", "250"])]:
        # The payments follow within some milliseconds, and are a row of their own: this one ends before.
        r = measure(a, command, "--ready", "Payments", "--quiet", "5", "--settle", "0.5", "--idle", "0",
                    "--runs", str(a.runs), *options)
        table.row(name, f"{r['ttff_ms']} ms", "30 ms", r["ttff_ms"] <= 30)
    table.row("terminal queries sent", str(r["terminal_queries"]), "0", r["terminal_queries"] == 0)
    r = measure(a, command, "--ready", "CD-", "--settle", "0.5", "--idle", "0", "--runs", str(a.runs))
    table.row("first frame with payments", f"{r['ttff_ms']} ms, {r['startup_bytes']} bytes")
    return r["ttff_ms"]


def latency(table, name, row):
    p50, p99 = row["latency_ms"]["p50"], row["latency_ms"]["p99"]
    table.row(f"{name}: key to paint p50 / p99", f"{p50} / {p99} ms", "2 / 8 ms", p50 <= 2 and p99 <= 8)


def results(a, command, word):
    """Of each letter of a filter the time until the list shows what it is to show: ptybench waits for the last
    byte, and count and sums come after the list. The list is looked at after each read, and is there when it
    stays as it is."""
    spec = importlib.util.spec_from_file_location("ptybench", a.ptybench)
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    if bench.pyte is None:
        sys.exit("pyte is missing: pip install pyte")
    columns, lines = map(int, SIZE.split("x"))
    s = bench.Session(command, columns, lines, {**os.environ, "TERM": "xterm-256color"}, False, 25)

    def seen(silence):
        frames = []
        while True:
            read, at = s.read(silence)
            if not read:
                return frames
            s.feed(read)
            frames.append((at, [line[:60] for line in s.screen.display[3:-4]]))

    taken = []
    seen(4)
    for letter in "/" + word:
        start = time.perf_counter()
        os.write(s.master, letter.encode())
        frames = seen(1.5)
        there = next(at for n, (at, _) in enumerate(frames) if all(it == frames[-1][1] for _, it in frames[n:]))
        taken.append((there - start) * 1000)
    os.kill(s.pid, signal.SIGTERM)
    os.waitpid(s.pid, 0)
    return taken[1:]


def keys(a, table, command):
    ready = ["--ready", "CD-", "--settle", "3", "--idle", "0"]
    r = measure(a, command, *ready, "--keys", "j*200")
    down = key(r, "j")
    table.row("row down, scrolling included: bytes p50 / p99",
              f"{down['bytes']['p50']} / {down['bytes']['p99']}", "p99 300", down["bytes"]["p99"] <= 300)
    latency(table, "row down", down)
    r = measure(a, command, *ready, "--keys", ",".join(["j,sleep:350"] * 60))
    mean = (r["total_bytes"] - r["startup_bytes"] - r["settle_bytes"]) // 60
    table.row("row down, a pause after each, the pane beside it included", f"{mean} bytes in the mean")
    r = measure(a, command, *ready, "--keys", "pgdn*40")
    page = key(r, "pgdn")
    table.row("page down: bytes p50 / p99", f"{page['bytes']['p50']} / {page['bytes']['p99']}",
              "2 500", page["bytes"]["p99"] <= 2500)
    latency(table, "page down", page)
    words = ["CD-0123", "customer 04", "4242 59", "amount:>150", "ORD-0777"]
    taken = sorted(ms for word in words for ms in results(a, command, word))
    worst = taken[-1]
    table.row(f"filter: keystroke to first results, p50 / slowest of {len(taken)}",
              f"{taken[len(taken) // 2]:.1f} / {worst:.1f} ms", "60 ms", worst <= 60)
    worst = max(results(a, command, "-07771"))
    table.row("filter: the same, a fragment that stands in ten payments", f"{worst:.1f} ms", "60 ms", worst <= 60)
    return down["bytes"]["p99"], page["bytes"]["p50"]


def rest(a, table, command):
    # The pane beside the list is drawn once the hand rests.
    keys = "j*40,pgdn*10,sleep:400"
    r = measure(a, command, "--ready", "CD-", "--settle", "3", "--idle", "10", "--keys", keys)
    idle = r["idle"]
    table.row("idle 10 s: bytes", str(idle["bytes"]), "0", idle["bytes"] == 0)
    table.row("idle 10 s: processor", f"{idle['cpu_pct']} %", "0.05 %", idle["cpu_pct"] <= 0.05)
    mb = r["peak_rss_kb"] / 1024
    table.row("resident memory, at its highest", f"{mb:.1f} MB", "25 MB", mb <= 25)
    return idle["cpu_pct"], idle["bytes"], round(mb, 1)


def whole(result):
    is_whole = [result["exit"][name] for name in
                ("alt_screen_left", "cursor_shown", "bracketed_paste_off", "termios_same")]
    return all(is_whole)


def ends(a, table, ledger):
    for name, options in [("q", []), ("SIGTERM", ["--panic-signal", "SIGTERM"]),
                          ("SIGHUP", ["--panic-signal", "SIGHUP"])]:
        r = measure(a, ledger.command(), "--ready", "CD-", "--idle", "0", *options)
        table.row(f"terminal whole after {name}", "yes" if whole(r) else str(r["exit"]), "yes", whole(r))
    if not a.debug_binary.exists():
        return table.row("terminal whole after a forced panic", "not measured: no debug build")
    command = [str(a.debug_binary), *ledger.command()[1:], "--read-only"]
    r = measure(a, command, "--ready", "Payments", "--idle", "0", "--env", "REFUND_DESK_FAILPOINT=screen.draw:2")
    table.row("terminal whole after a forced panic", "yes" if whole(r) else str(r["exit"]), "yes", whole(r))


def peers(a, own, ledger):
    """The desk beside others; less, which is everywhere, once more on this machine and these payments."""
    if shutil.which("less") and ledger.settlement.exists():
        r = measure(a, ["less", "-S", str(ledger.settlement)], "--ready", "CD-0000000", "--settle", "0.5", "--idle", "5",
                    "--keys", "j*200,pgdn*20")
        here = ("less, here", f"{ledger.rows:,} rows of CSV", r["ttff_ms"], key(r, "j")["bytes"]["p99"],
                key(r, "pgdn")["bytes"]["p50"], r["idle"]["cpu_pct"], r["idle"]["bytes"], round(r["peak_rss_kb"] / 1024, 1))
    else:
        here = None
    print(f"\n{'beside others':<16} {'data':<20} {'first ms':>9} {'row p99 B':>10} {'page B':>7} {'idle CPU %':>11} "
          f"{'idle B':>7} {'MB':>6}")
    for name, data, *figures in filter(None, [own, here, *PEERS]):
        first, row, page, cpu, idle, mb = ("-" if it is None else it for it in figures)
        print(f"{name:<16} {data:<20} {first:>9} {row:>10} {page:>7} {cpu:>11} {idle:>7} {mb:>6}")


def main():
    a = arguments()
    for needed in (a.binary, a.ptybench):
        if not needed.exists():
            sys.exit(f"{needed} is missing")
    folder = (a.keep or Path(tempfile.mkdtemp(prefix="refund-desk-bench-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    ledger, table = Ledger(a, folder), Table()
    try:
        checked = ledger.check()
        print(f"{a.rows:,} payments, {SIZE}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
        if checked:
            table.row("check of all records, behind the first desk of a day", f"{checked:.0f} s")
        first = starts(a, table, ledger.command())
        bytes_of_keys = keys(a, table, ledger.command())
        with Load(ledger):
            r = measure(a, ledger.command(), "--ready", "CD-", "--settle", "3", "--idle", "0", "--keys", "j*200")
        latency(table, "row down while a sync and a full search run", key(r, "j"))
        at_rest = rest(a, table, ledger.command())
        ends(a, table, ledger)
        peers(a, ("refund-desk", f"{a.rows:,} rows of SQLite", first, *bytes_of_keys, *at_rest), ledger)
    finally:
        ledger.close()
        if not a.keep:
            shutil.rmtree(folder)
    sys.exit(1 if table.missed else 0)


if __name__ == "__main__":
    main()
