"""Kills mailglass at random moments and looks at what it leaves.

    python3 tests/kill_at_random.py target/release/mailglass AUDIT.csv.gz [--kills 100] [--seed 0]

Four kinds of work take turns (a new run directory, one that replaces another, a model, the events as Parquet), and three signals
(SIGKILL, SIGINT, SIGTERM). After every kill: the input is what it was, the output is whole or not there (or the older one, where
one is replaced), a process that could still act has left nothing behind; and the next run succeeds, gives the same bytes as an
undisturbed one, and clears away what the killed one left. Standard library only; needs a Unix.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path


def digest(path):
    """One hash of a file or of all files of a folder; timings, which differ between runs, are left out."""
    total = hashlib.sha256()
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    for file in files:
        if not file.is_file():
            continue
        total.update(str(file.relative_to(path)).encode() + b"\0")
        if file.name == "summary.json":
            summary = json.loads(file.read_text())
            del summary["timings"]
            total.update(json.dumps(summary, sort_keys=True).encode())
        else:
            # The page shows the timings too.
            total.update(b"" if file.name == "report.html" else file.read_bytes())
    if path.is_dir() and not (path / "report.html").read_text().rstrip().endswith("</html>"):
        return "the page is cut"
    return total.hexdigest()


class Work:
    """A command, its output, and what the output is when nobody disturbs."""

    def __init__(self, name, command, out, replaces):
        self.name, self.command, self.out, self.replaces = name, command, out, replaces
        self.clear()
        before, begun = os.times(), time.monotonic()
        self.run(command)
        after = os.times()
        self.seconds = time.monotonic() - begun
        self.processor = after.children_user + after.children_system - before.children_user - before.children_system
        self.expected = digest(out)

    def clear(self):
        if self.out.is_dir():
            shutil.rmtree(self.out)
        elif self.out.exists():
            self.out.unlink()

    def run(self, command):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode not in (0, 2):
            sys.exit(f"{self.name}: an undisturbed run ended with {done.returncode}: {done.stderr.decode(errors='replace')}")

    def killed(self, part, jitter, number):
        process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if processor_seconds(process.pid) is None:
            time.sleep(part * self.seconds)
        else:
            while process.poll() is None and processor_seconds(process.pid) < part * self.processor:
                time.sleep(0.001)
            time.sleep(jitter)
        process.send_signal(number)
        said = process.communicate()[1].decode(errors="replace")
        return process.returncode, said


def processor_seconds(pid):
    """What a process has worked so far: moments counted in work stay where they are however busy the machine is. None where the
    system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None if not Path("/proc/self/stat").exists() else float("inf")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def leftovers(folder):
    return sorted(entry.name for entry in folder.iterdir() if entry.name.startswith(".") or entry.name.endswith(".partial"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("log", type=Path)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    chance = random.Random(chosen.seed)
    counts, wrong = Counter(), []
    with tempfile.TemporaryDirectory(prefix="mailglass-kill-") as name:
        here = Path(name)
        log = here / chosen.log.name
        shutil.copyfile(chosen.log, log)
        before = digest(log)
        binary = str(Path(chosen.binary).resolve())
        analyze = [binary, "analyze", str(log), "--alerts-per-day", "0.5", "--force", "--out"]
        works = [
            Work("new run directory", [*analyze, str(here / "new")], here / "new", False),
            Work("replaced run directory", [*analyze, str(here / "again")], here / "again", True),
            Work("model", [binary, "fit", str(log), "--force", "--model", str(here / "model")], here / "model", True),
            Work("events", [binary, "inspect", str(log), "--events", str(here / "events.parquet")], here / "events.parquet", False),
        ]
        for kill in range(chosen.kills):
            work = works[kill % len(works)]
            number = chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
            # Half of the moments are in the last third, where output is written.
            part = chance.uniform(0, 1.05) if chance.random() < 0.5 else chance.uniform(0.66, 1.02)
            if work.replaces and not work.out.exists():
                work.run(work.command)
            elif not work.replaces:
                work.clear()
            # The system counts work in hundredths of a second.
            code, said = work.killed(part, chance.uniform(0, 0.02), number)
            what = f"kill {kill} ({work.name}, {number.name} at {part:.2f})"
            ended = code in (0, 2)
            counts["ended before the signal" if ended else f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit {code}"] += 1
            if not ended and code != -number:
                wrong.append(f"{what}: ended with {code}: {said}")
            # In its first milliseconds a process has no handler yet; it has written nothing either.
            if digest(log) != before:
                wrong.append(f"{what}: the input changed")
            if work.out.exists():
                counts["output whole"] += 1
                if digest(work.out) != work.expected:
                    wrong.append(f"{what}: the output is damaged")
            else:
                counts["output absent"] += 1
                # Between two renames the older run directory stands aside; the next run brings it back.
                aside = any((here / left / "old").exists() for left in leftovers(here))
                if ended or (work.replaces and not aside):
                    wrong.append(f"{what}: the output is gone")
            left = leftovers(here)
            counts["leftovers of SIGKILL"] += len(left) if number == signal.SIGKILL else 0
            if left and (number != signal.SIGKILL or ended):
                wrong.append(f"{what}: left {left}")
            work.run(work.command)
            if digest(work.out) != work.expected:
                wrong.append(f"{what}: the next run gave something else")
            if leftovers(here):
                wrong.append(f"{what}: the next run left {leftovers(here)}")
            expected = {log.name, *(work.out.name for work in works)}
            if strangers := {entry.name for entry in here.iterdir()} - expected:
                wrong.append(f"{what}: found {sorted(strangers)}")
    print(f"{chosen.kills} kills: " + ", ".join(f"{what} {count}" for what, count in sorted(counts.items())))
    for message in wrong:
        print(f"WRONG: {message}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
