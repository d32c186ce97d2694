"""Exports built to exhaust memory or time, and what mailglass makes of them.

    python3 benches/hostile.py target/release/mailglass [--small] [CASE ...]

Each case is written, analyzed, measured (seconds, peak memory, exit code) and held to a bound; the files are removed again.
Standard library only. `--small` makes a hundredth of everything, for a quick look. All names are invented.
"""

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

MILLION = 1_000_000
GIB = 1 << 30


def record(number, moment, **more):
    """One MailItemsAccessed record; `more` replaces fields, None leaves one out."""
    fields = {
        "CreationTime": moment,
        "Id": f"{number:08x}-0000-4000-8000-{number:012x}",
        "Operation": "MailItemsAccessed",
        "RecordType": 50,
        "Workload": "Exchange",
        "UserId": "ann@contoso.example",
        "MailboxOwnerUPN": "ann@contoso.example",
        "ClientIPAddress": "198.51.100.7",
        "ClientInfoString": "Client=OWA;Action=ViaProxy",
        "LogonType": 0,
        "OperationProperties": [{"Name": "MailAccessType", "Value": "Bind"}],
        "Folders": [{"Path": "\\Inbox", "FolderItems": [{"InternetMessageId": f"<{number}@contoso.example>", "SizeInBytes": 1000}]}],
        "OperationCount": 1,
    }
    fields.update(more)
    return json.dumps({name: value for name, value in fields.items() if value is not None}, separators=(",", ":"), ensure_ascii=False)


def moment(number, of, days=20):
    """Evenly over so many days."""
    second = number * days * 86_400 // of
    return f"2024-01-{1 + second // 86_400:02}T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"


def guid(number):
    random_bits = random.Random(number).getrandbits(96)
    return f"{number:08x}-{random_bits >> 80:04x}-4{random_bits >> 64 & 0xFFF:03x}-8{random_bits >> 52 & 0xFFF:03x}-{random_bits & 0xFFFFFFFFFFFF:012x}"


def lines(path, records):
    with open(path, "w", encoding="utf-8", errors="surrogatepass", buffering=1 << 20) as out:
        for line in records:
            out.write(line)
            out.write("\n")


def ordinary(count=2_000):
    """Some days of ordinary use, so that there is something to compare with."""
    return (record(0xF0000000 + n, moment(n, count)) for n in range(count))


def clients(path, n):
    lines(path, (record(i, moment(i, n), ClientAppId=guid(i), ClientInfoString="Client=REST;;") for i in range(n)))


def client_strings(path, n):
    lines(path, (record(i, moment(i, n), ClientInfoString=f"Client=WebServices;Tool{i}/1.{i}") for i in range(n)))


def alike_to_a_hash(path, n):
    """Texts and GUIDs that are one to FxHash: a product with zero, and a sum that cancels."""
    factor, word = 0xF1357AEA2E62A9C5, 1 << 64
    def all_records():
        for i in range(n // 2):
            yield record(i, moment(i, n), ClientInfoString=f"QV7x5DtUCAOTEAEGMozilla/5.0 (WinFClgwkTI{i:08x}; like Gecko Chrome/120 Safari")
        for i in range(n // 2, n):
            digits = f"{-i * factor % word:016x}{i:016x}"
            yield record(i, moment(i, n), MailboxGuid="-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]]))
    lines(path, all_records())


def networks(path, n):
    lines(path, (record(i, moment(i, n), ClientIPAddress=f"{11 + i % 80}.{i // 80 % 256}.{i // 20_480 % 256}.{i % 251}", ClientAppId=guid(i % 7)) for i in range(n)))


def networks_v6(path, n):
    lines(path, (record(i, moment(i, n), ClientIPAddress=f"2a01:{i >> 16:x}:{i & 0xFFFF:x}::{i % 9 + 1:x}") for i in range(n)))


def mailboxes(path, n):
    lines(path, (record(i, moment(i, n), UserId=f"u{i}@contoso.example", MailboxOwnerUPN=f"u{i}@contoso.example") for i in range(n)))


def few_each(path, n):
    """A mailbox for every twenty records: many people, little of each."""
    def one(i):
        box = f"u{i % (n // 20)}@contoso.example"
        return record(i, moment(i, n), UserId=box, MailboxOwnerUPN=box, ClientIPAddress=f"198.51.{i % (n // 20) % 250}.7")
    lines(path, map(one, range(n)))


def one_mailbox(path, n):
    """Everything in one mailbox, twice as much as elsewhere."""
    lines(path, (record(i, moment(i, 2 * n), SessionId=guid(i // 500), ClientIPAddress=f"198.51.100.{i // 5000 % 250}") for i in range(2 * n)))


def actors(path, n):
    lines(path, (record(i, moment(i, n), UserId=f"u{i}@contoso.example", LogonType=2) for i in range(n)))


def session_ids(path, n):
    lines(path, (record(i, moment(i, n), SessionId=guid(i), ClientInfoString="Client=OWA;Mozilla/5.0") for i in range(n)))


def reads_and_sign_ins(path, n):
    """One user reads and signs in all day, each time with another session."""
    def all_records():
        for i in range(n // 10):
            yield record(i, moment(i, n // 10, 1), SessionId=f"s{i}")
            yield record(n + i, moment(i, n // 10, 1), SessionId=f"g{i}", RecordType=15, Operation="UserLoggedIn", Workload="AzureActiveDirectory")
    lines(path, all_records())


def one_second(path, n):
    lines(path, (record(i, "2024-01-15T10:00:00", ClientAppId=guid(i % 1000)) for i in range(n)))


def spread(path, n):
    """A client new to the tenant in every mailbox on one day, after two weeks of ordinary use."""
    boxes = n // 20
    def all_records():
        for i in range(boxes):
            box = f"u{i}@contoso.example"
            yield record(i, f"2024-01-{1 + i % 14:02}T09:{i % 60:02}:00", UserId=box, MailboxOwnerUPN=box)
            yield record(i + boxes, f"2024-01-15T{i % 24:02}:{i % 60:02}:00", UserId="app@contoso.example", MailboxOwnerUPN=box, ClientAppId=guid(1), ClientIPAddress="203.0.113.9", LogonType=2)
    lines(path, all_records())


def spread_daily(path, n):
    """Another client new to the tenant every day, in many mailboxes."""
    boxes = n // 50
    lines(path, (record(i, moment(i, n), UserId="app@contoso.example", MailboxOwnerUPN=f"u{i % boxes}@contoso.example",
                        ClientAppId=guid(i // boxes), ClientIPAddress=f"203.0.{i // boxes}.9") for i in range(n)))


def deep(path, n):
    depth = n // 100
    def all_records():
        yield from ordinary()
        for i in range(20):
            yield record(i, moment(i, 20))[:-1] + ',"Extra":' + "[" * depth + "]" * depth + "}"
            yield record(100 + i, moment(i, 20))[:-1] + ',"Extra":' + '{"a":' * depth + "1" + "}" * depth + "}"
            yield "[" * depth
            yield '{"a":' * depth
    lines(path, all_records())


def deep_properties(path, n):
    depth = n // 100
    lines(path, (record(i, moment(i, 200), Folders=None)[:-1] + ',"Folders":' + "[" * depth + "]" * depth + "}" for i in range(200)))


def long_line(path, n):
    """One line of n * 2000 bytes, between ordinary ones."""
    with open(path, "w", encoding="utf-8") as out:
        for line in ordinary(1_000):
            out.write(line + "\n")
        out.write(record(1, moment(1, 2))[:-1] + ',"Extra":"')
        for _ in range(n * 2_000 // MILLION):
            out.write("x" * MILLION)
        out.write('"}\n')
        for i, line in enumerate(ordinary(1_000)):
            out.write(line.replace('"Id":"f', '"Id":"e') + "\n")


def long_cell(path, n):
    """The same in a cell of CSV, with a quote that never closes after it."""
    with open(path, "w", encoding="utf-8") as out:
        out.write("RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits\n")
        def row(line):
            out.write('x,2024-01-01T00:00:00.0000000Z,50,MailItemsAccessed,ann,"' + line.replace('"', '""') + '",\n')
        for line in ordinary(1_000):
            row(line)
        out.write('x,2024-01-01T00:00:00.0000000Z,50,MailItemsAccessed,ann,"')
        for _ in range(n * 2_000 // MILLION):
            out.write("x" * 999_999 + "\n")
        for i, line in enumerate(ordinary(1_000)):
            row(line.replace('"Id":"f', '"Id":"e'))


def long_array(path, n):
    """One element of an array, as long."""
    with open(path, "w", encoding="utf-8") as out:
        out.write("[" + ",".join(ordinary(1_000)) + "," + record(1, moment(1, 2))[:-1] + ',"Extra":"')
        for _ in range(n * 2_000 // MILLION):
            out.write("x" * MILLION)
        out.write('"}]')


def open_brackets(path, n):
    """Objects of an array that never close."""
    with open(path, "w", encoding="utf-8", buffering=1 << 20) as out:
        out.write('[\n{"Id":"a",\n')
        for _ in range(n // 20):
            out.write("{\n" * 1_000)


def whole_among_open_brackets(path, n):
    """Whole objects between brackets that never close."""
    with open(path, "w", encoding="utf-8", buffering=1 << 20) as out:
        out.write("[")
        for i in range(n // 4):
            out.write('{"a":[' + record(i, moment(i, n // 4)) + ",")


def numbers(path, n):
    odd = ["1e999", "-1e999", "1e-999", "18446744073709551616", "-9223372036854775809", "9" * 400, "0." + "1" * 400, "-1", "null", "true",
           '"99999999999999999999"', '"NaN"', '"-0"', "4294967296", "-4294967296", "1.5", '""', "[]", "{}"]
    fields = ["RecordType", "LogonType", "OperationCount", "SizeInBytes", "ResultIndex", "Version", "InternalLogonType"]
    def all_records():
        yield from ordinary()
        for i in range(n // 10):
            text = record(i, moment(i, n // 10), RecordType=None, LogonType=None, OperationCount=None)
            text = text.replace('"SizeInBytes":1000', f'"SizeInBytes":{odd[i // 7 % len(odd)]}')
            more = ",".join(f'"{field}":{odd[(i + k * (i // 19)) % len(odd)]}' for k, field in enumerate(fields) if field != "SizeInBytes")
            yield text[:-1] + "," + more + "}"
        for i in range(1_000):
            yield record(0xE0000000 + i, moment(i, 1_000), OperationCount=18446744073709551615)
    lines(path, all_records())


def dates(path, n):
    odd = ["0001-01-01T00:00:00", "9999-12-31T23:59:59", "0000-00-00T00:00:00", "1970-01-01T00:00:00", "1989-12-31T23:59:59", "2199-12-31T23:59:59",
           "1990-01-01T00:00:00", "2024-02-30T00:00:00", "2024-01-01T25:00:00", "-2024-01-01T00:00:00", "99999-01-01T00:00:00", "", "2024", "1e9",
           "2024-06-30T23:59:60", "1/1/0001 12:00:00 AM", "31/12/9999 23:59:59"]
    def all_records():
        yield from ordinary()
        for i in range(n // 10):
            yield record(i, odd[i % len(odd)])
    lines(path, all_records())


def every_day(path, n):
    """A record on every day of twenty years: every week has its forest."""
    def day(i):
        return f"{1990 + i // 365:04}-{1 + i % 365 // 31:02}-{1 + i % 28:02}T10:00:00"
    lines(path, (record(i, day(i)) for i in range(n * 73 // 10_000)))


NAMES = ["\x1b[2J\x1b]0;owned\x07", "\x1b]8;;http://evil.example\x07click\x1b]8;;\x07", "\u202egpj.exe", "a\u200eb\u200fc\u2066d\u2069", "\x9b31m", "\x00\x01\x02\x7f",
         "name\r\nfake row", "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "{{ 7 * 7 }}", "\u0085\u2028\u2029", "\U000e0001\U000e0020", "\ud800", "a" * 100_000]


def names(path, n):
    def all_records():
        yield from ordinary()
        for i in range(n // 100):
            odd = NAMES[i % len(NAMES)] + str(i % 50)
            escaped = record(i, moment(i, n // 100), UserId=odd, MailboxOwnerUPN=odd + "@contoso.example", ClientInfoString=f"Client={odd};{odd}", ClientAppId=odd,
                             SessionId=odd, Operation="MailItemsAccessed" if i % 3 else odd, ClientIPAddress=odd if i % 2 else "198.51.100.8", Workload=odd)
            yield escaped
    lines(path, all_records())


def long_names(path, n):
    lines(path, (record(i, moment(i, 20), UserId="n" * (n * 30) + str(i), MailboxOwnerUPN="m" * (n * 20) + f"{i}@contoso.example") for i in range(20)))


def messages(path, n):
    """Records with as many messages as fit into a row."""
    item = {"InternetMessageId": "<{}@contoso.example>", "SizeInBytes": 1}
    text = json.dumps(item, separators=(",", ":"))
    def one(i):
        items = ",".join(text.replace("{}", f"{i}-{k}") for k in range(n))
        return record(i, moment(i, 20), Folders=None)[:-1] + ',"Folders":[{"Path":"\\\\Inbox","FolderItems":[' + items + "]}]}"
    lines(path, (one(i) for i in range(20)))


def folders(path, n):
    def one(i):
        return record(i, moment(i, 20), Folders=[{"Path": f"\\F{i}-{k}", "FolderItems": [{"InternetMessageId": f"<{k}>"}]} for k in range(n // 2)])
    lines(path, (one(i) for i in range(20)))


def keys(path, n):
    """Objects with a great many members."""
    def one(i):
        return record(i, moment(i, 20))[:-1] + "," + ",".join(f'"K{k}":{k}' for k in range(n)) + "}"
    lines(path, (one(i) for i in range(20)))


def same_keys(path, n):
    def one(i):
        return record(i, moment(i, 20))[:-1] + ',"Id":"x"' * n + "}"
    lines(path, (one(i) for i in range(20)))


def renamed_keys(path, n):
    """A row of a table that names one column over and over, by a name that is not the record's own."""
    lines(path, ['{"OfficeWorkload":"Exchange",' + ",".join(['"TimeGenerated":"2024-01-01T00:00:00Z"'] * n) + "}", *ordinary(20)])


def columns(path, n):
    with open(path, "w", encoding="utf-8") as out:
        out.write("RecordId,CreationDate,RecordType,Operation,UserId,AuditData," + ",".join(f"C{i}" for i in range(n)) + "\n")
        for line in ordinary(20):
            out.write('x,2024-01-01T00:00:00.0000000Z,50,MailItemsAccessed,ann,"' + line.replace('"', '""') + '"' + "," * n + "\n")


def record_ids(path, n):
    lines(path, (record(i, moment(i, n), Id=f"irregular-{i}-" + "z" * 100) for i in range(n)))


def workloads(path, n):
    def all_records():
        yield from ordinary()
        for i in range(n):
            yield record(i, moment(i, n), Workload=f"W{i}", Operation=f"O{i}", RecordType=9999)
    lines(path, all_records())


def operations(path, n):
    lines(path, (record(i, moment(i, n), Operation=f"Op{i}", RecordType=2) for i in range(n)))


def operations_over_centuries(path, n):
    lines(path, (record(i, f"{1990 + i % 210}-01-02T03:04:05", Operation=f"Op{i}", RecordType=2) for i in range(n // 50)))


def rejects(path, n):
    def all_records():
        yield from ordinary()
        for i in range(n):
            yield '{"Id":"' + "x" * 200 + str(i)
    lines(path, all_records())


def short_rejects(path, n):
    """Nothing but rows that are no rows."""
    with open(path, "w", encoding="utf-8", buffering=1 << 20) as out:
        out.write("RecordId,CreationDate,RecordType,Operation,UserId,AuditData\n")
        for _ in range(n // 100):
            out.write("x\n" * 1_000)


def empty_lines(path, n):
    with open(path, "w", encoding="utf-8") as out:
        for line in ordinary():
            out.write(line + "\n" * (n // 100))


# Case: seconds and GiB that it may take at full size.
CASES = {
    clients: (120, 4), client_strings: (120, 4), alike_to_a_hash: (120, 4), networks: (120, 4), networks_v6: (120, 4), mailboxes: (120, 8), few_each: (120, 4), one_mailbox: (120, 4), actors: (120, 4), session_ids: (120, 4),
    reads_and_sign_ins: (60, 4), one_second: (120, 4), spread: (120, 4), spread_daily: (180, 4), deep: (30, 1), deep_properties: (30, 1), long_line: (30, 1), long_cell: (60, 1),
    long_array: (30, 1), open_brackets: (30, 1), whole_among_open_brackets: (60, 2), numbers: (60, 2), dates: (60, 2), every_day: (120, 2), names: (60, 2), long_names: (60, 4), messages: (120, 4), folders: (120, 4),
    keys: (60, 2), same_keys: (60, 2), renamed_keys: (30, 2), columns: (60, 2), record_ids: (120, 4), workloads: (120, 4), operations: (120, 4), operations_over_centuries: (60, 2), rejects: (120, 4), short_rejects: (60, 2), empty_lines: (60, 2),
}

CONTROL = {*range(0x20), 0x7F, *range(0x80, 0xA0)} - {0x0A}
MARKS = {0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}


def hijacking(output):
    """Characters in what went to the terminal that command it or turn its text around."""
    return sorted({hex(ord(c)) for c in output.decode("utf-8", "replace") if ord(c) in CONTROL | MARKS})


def measure(command, seconds_allowed):
    """Output, seconds, peak memory in GiB and exit code of a command; it is killed at three times its bound."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    watch = threading.Timer(3 * seconds_allowed, process.kill)
    watch.start()
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    watch.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return output, time.monotonic() - start, usage.ru_maxrss * 1024 / GIB, process.returncode


def run(binary, case, size, folder):
    """Makes one case and measures it; says what is wrong with it, if anything."""
    path = folder / f"{case.__name__}.{'csv' if case in (long_cell, columns, short_rejects) else 'json'}"
    case(path, size)
    seconds_allowed, gib_allowed = CASES[case]
    wrong = []
    for command in ("inspect", "analyze"):
        out = folder / "run"
        arguments = ["--out", str(out)] if command == "analyze" else ["--top", "30"]
        output, seconds, gib, code = measure([binary, command, str(path), *arguments], seconds_allowed)
        print(f"{case.__name__:16} {command:8} {path.stat().st_size / 1e6:8.0f} MB  {seconds:7.2f} s  {gib:6.2f} GiB  exit {code}  output {len(output)} B", flush=True)
        if code not in (0, 1, 2) or (code == 1 and b"error:" not in output) or b"panicked" in output:
            wrong.append(f"{command} ended with {code}: {output[-300:]!r}")
        if code != 1 and command == "analyze" and not (out / "report.html").is_file():
            wrong.append("no report")
        if code == 1 and command == "analyze":
            print("    " + output.decode("utf-8", "replace").strip().replace("\n", "\n    "))
        if seconds > seconds_allowed or gib > gib_allowed:
            wrong.append(f"{command} took {seconds:.1f} s and {gib:.2f} GiB, allowed are {seconds_allowed} s and {gib_allowed} GiB")
        if len(output) > 40_000:
            wrong.append(f"{command} printed {len(output)} bytes")
        if found := hijacking(output):
            wrong.append(f"{command} printed {found}")
        shutil.rmtree(out, ignore_errors=True)
    path.unlink()
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("cases", nargs="*", choices=[[], *(case.__name__ for case in CASES)], metavar="CASE")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--memory", type=float, default=12, help="GiB of address space beyond which a run is stopped (default 12)")
    chosen = parser.parse_args()
    # A run that goes astray must not take the machine with it.
    resource.setrlimit(resource.RLIMIT_AS, (int(chosen.memory * GIB),) * 2)
    size = MILLION // 100 if chosen.small else MILLION
    failed = False
    with tempfile.TemporaryDirectory(prefix="mailglass-hostile-") as folder:
        for case in CASES:
            if chosen.cases and case.__name__ not in chosen.cases:
                continue
            for wrong in run(chosen.binary, case, size, Path(folder)):
                failed = True
                print(f"  WRONG: {wrong}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
