#!/usr/bin/env python3
"""Time reading an export: mailglass beside `wc -l` and whatever else you name, in turns, in one run.

    benches/ingest.py AUDIT.csv [--mailglass PATH] [--rounds N] [--peer "NAME=COMMAND with {file} and {out}"]...

Prints wall time, CPU time (user and system) and peak memory of each, the best of all rounds, and the ratios to mailglass.
Each command is a whole process; the file is read once before, so that all find it in the page cache. A large export comes from
`mailglass simulate --people 1200 --days 60 --out DIR`. Needs Python 3.9 and nothing else.
"""
import argparse
import os
import pathlib
import shlex
import subprocess
import tempfile
import time


def run(command):
    """Wall seconds, CPU seconds, peak memory in MB of one process and its children."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    # 2 is mailglass's "done, but some rows were rejected".
    if code not in (0, 2):
        raise SystemExit(f"{shlex.join(command)} ended with {code}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--mailglass", default="target/release/mailglass")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    options = parser.parse_args()
    file = str(options.file.resolve())
    with tempfile.TemporaryDirectory() as out:
        commands = {
            "mailglass": [options.mailglass, "inspect", file, "--quiet", "--events", f"{out}/events.parquet"],
            "wc -l": ["wc", "-l", file],
        }
        for peer in options.peer:
            name, _, command = peer.partition("=")
            commands[name] = shlex.split(command.format(file=shlex.quote(file), out=shlex.quote(f"{out}/{name}")))
        with open(file, "rb") as handle:
            while handle.read(1 << 24):
                pass
        best = {}
        for _ in range(options.rounds):
            for name, command in commands.items():
                measured = run(command)
                best[name] = tuple(map(min, best.get(name, measured), measured))
    print(f"{file}: {options.file.stat().st_size / 1e9:.2f} GB, {os.cpu_count()} cores, best of {options.rounds}")
    print(f"{'':12} {'wall s':>8} {'CPU s':>8} {'MB':>8}   wall and memory as multiples of mailglass")
    wall, _, memory = best["mailglass"]
    for name, (seconds, cpu, peak) in best.items():
        print(f"{name:12} {seconds:8.2f} {cpu:8.2f} {peak:8.0f}   {seconds / wall:.2f} {peak / memory:.2f}")


if __name__ == "__main__":
    main()
