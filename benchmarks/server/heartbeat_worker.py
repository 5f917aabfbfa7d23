"""Many clients in one process as coroutines: each holds a trial by renewing its lease for a while."""

import asyncio
import json
import sys
import time
from urllib.parse import urlsplit

LEASE_S, EVERY_S = 15.0, 3.0


async def call(place: tuple[str, int], path: str, body: dict[str, object]) -> dict[str, object]:
    """Send one request on a connection of its own; 5 tries."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    for number in range(5):
        try:
            reader, writer = await asyncio.open_connection(*place)
            writer.write(head.encode() + content)
            answer = await reader.read()
            writer.close()
            status = int(answer.split(b" ", 2)[1])
            if status not in (429, 503):
                data: dict[str, object] = json.loads(answer.partition(b"\r\n\r\n")[2])
                return {"status": status, **data}
        except (OSError, IndexError, ValueError):
            pass
        await asyncio.sleep(0.2 * 2**number)
    return {"status": 0}


async def client(place: tuple[str, int], study: str, number: int, end: float) -> dict[str, object]:
    base = f"/api/v1/projects/default/studies/{study}"
    body = {"count": 1, "client_id": f"c{number}", "lease_s": LEASE_S}
    given = await call(place, f"{base}/suggestions", body)
    trial = given["trials"][0]
    latencies, refused = [], 0
    # Spread over the interval, so that not all come at once.
    await asyncio.sleep(EVERY_S * (number % 100) / 100)
    while time.monotonic() < end:
        begin = time.monotonic()
        lease = {"lease_s": LEASE_S, "attempt": trial["attempt"]}
        answer = await call(place, f"{base}/trials/{trial['id']}/lease", lease)
        latencies.append(time.monotonic() - begin)
        refused += answer["status"] != 200
        await asyncio.sleep(max(0.0, EVERY_S - latencies[-1]))
    done = {
        "measurement": {"metrics": {"loss": 1.0}},
        "attempt": trial["attempt"],
    }
    ended = await call(place, f"{base}/trials/{trial['id']}/complete", done)
    return {
        "latencies": latencies,
        "refused": refused,
        "completed": ended["status"] == 200,
        "lost": ended.get("n_lost_attempts", 1),
    }


async def main() -> None:
    url, first, count, duration_s = sys.argv[1], *map(int, sys.argv[2:5])
    studies = sys.argv[5:]
    address = urlsplit(url)
    place = (address.hostname or "", address.port or 80)
    end = time.monotonic() + duration_s
    found = await asyncio.gather(
        *(
            client(place, studies[number % len(studies)], number, end)
            for number in range(first, first + count)
        )
    )
    latencies = sorted(one for each in found for one in each["latencies"])
    print(
        json.dumps(
            {
                "latencies": latencies,
                "refused": sum(each["refused"] for each in found),
                "completed": sum(bool(each["completed"]) for each in found),
                "lost": sum(each["lost"] for each in found),
            }
        )
    )


asyncio.run(main())
