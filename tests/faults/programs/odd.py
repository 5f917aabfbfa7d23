"""A trainer that misbehaves in the trials of FAULT_TRIALS, in the way its first argument names."""

import os
import shutil
import signal
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import worker


def hang(x: float) -> None:
    """Never end."""
    worker.start(x)
    worker.step(1, worker.loss(x, 1))
    time.sleep(600)


def stubborn(x: float) -> None:
    """Never end, whatever is asked politely."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    hang(x)


def forks(x: float) -> None:
    """Leave stubborn children and grandchildren behind, in groups of their own, and end well."""
    worker.start(x)
    for _ in range(3):
        if os.fork() == 0:
            os.setpgid(0, 0)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            os.fork()
            time.sleep(600)
    for number in range(1, worker.STEPS + 1):
        worker.step(number, worker.loss(x, number))
    worker.note("end")


def flood(x: float) -> None:
    """Print 100 MB around the metric."""
    worker.start(x)
    noise = b"nothing to see here, move along please\n" * 26_000
    for number in range(1, 101):
        sys.stdout.buffer.write(noise)
        sys.stdout.buffer.flush()
        worker.step(number, worker.loss(x, number))
    worker.note("end", printed=100 * len(noise))


def truncated(x: float) -> None:
    """Write an event file whose last record is cut off, and end well."""
    worker.start(x)
    folder = os.environ["AIP_TENSORBOARD_LOG_DIR"]
    os.makedirs(folder)
    n_whole = int(os.environ["FAULT_WHOLE_RECORDS"])
    with open(os.path.join(folder, "events.out.tfevents.1700000000.host"), "wb") as file:
        file.write(record(event(0, b"\x1a\x0dbrain.Event:2")))
        for number in range(1, n_whole + 1):
            # Event files hold single precision.
            value = struct.unpack("<f", struct.pack("<f", worker.loss(x, number)))[0]
            file.write(record(event(number, scalar("loss", value))))
            worker.note("step", step=number, value=value)
        file.write(record(event(n_whole + 1, scalar("loss", -1.0)))[:-9])
    worker.note("end")


def closes_output(x: float) -> None:
    """Close standard output and error long before the end."""
    worker.start(x)
    worker.step(1, worker.loss(x, 1))
    sys.stdout.flush()
    os.close(1)
    os.close(2)
    time.sleep(0.8)
    worker.note("end")


def orphan(x: float) -> None:
    """Leave a child in a session of its own, which goes on writing to the log."""
    worker.start(x)
    worker.step(1, worker.loss(x, 1))
    if os.fork() == 0:
        os.setsid()
        for _ in range(100):
            os.write(1, b"an orphan speaks\n")
            time.sleep(0.1)
        os._exit(0)
    worker.note("end")


def deletes_out(x: float) -> None:
    """Delete the trial's own folder in the middle."""
    worker.start(x)
    worker.step(1, worker.loss(x, 1))
    shutil.rmtree(os.environ["WAZIR_TRIAL_DIR"])
    time.sleep(worker.STEP_S)
    worker.step(2, worker.loss(x, 2))
    worker.note("end")


def fills_disk(x: float) -> None:
    """Fill the disk, print the last value, make room again, and end well; only once."""
    if os.environ["WAZIR_RESUME"] == "1":
        worker.train(x)
        return
    worker.start(x)
    worker.step(1, worker.loss(x, 1))
    time.sleep(0.8)
    filler = os.path.join(os.environ["WAZIR_TRIAL_DIR"], "filler")
    refused = ""
    try:
        with open(filler, "wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
    except OSError as error:
        refused = error.strerror
    value = worker.loss(x, 2)
    print(f"step=2 loss={value!r} {'.' * 9000}", flush=True)
    time.sleep(0.3)
    os.unlink(filler)
    worker.note("step", step=2, value=value, refused=refused)
    worker.note("end")


def varint(number: int) -> bytes:
    """Return a number as protocol buffers write it."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def scalar(tag: str, value: float) -> bytes:
    """Return the summary field of an event: Event.summary(5).value(1) of tag(1), simple(2)."""
    inner = b"\x0a" + varint(len(tag)) + tag.encode() + b"\x15" + struct.pack("<f", value)
    outer = b"\x0a" + varint(len(inner)) + inner
    return b"\x2a" + varint(len(outer)) + outer


def event(step: int, content: bytes) -> bytes:
    """Return an event: wall_time(1), step(2) and its content."""
    return b"\x09" + struct.pack("<d", time.time()) + b"\x10" + varint(step) + content


def record(data: bytes) -> bytes:
    """Return a record with the two masked check sums of its file format."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked(length)) + data + struct.pack("<I", masked(data))


def masked(data: bytes) -> int:
    """Return the masked CRC-32C of some bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


if __name__ == "__main__":
    X = float(sys.argv[sys.argv.index("--x") + 1])
    is_odd = os.environ["WAZIR_TRIAL_ID"] in os.environ["FAULT_TRIALS"].split(",")
    (globals()[sys.argv[1]] if is_odd else worker.train)(X)
