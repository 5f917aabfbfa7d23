"""The least that can run N programs at P in parallel: a pool of `subprocess.run`.

`runner_overhead.py` compares Wazir with it. Prints the CPU seconds of the programs as JSON.
"""

import json
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor


def main() -> None:
    """Run `N P COMMAND...`: the command N times, P at a time; {i} in it is the run's number."""
    n_runs, n_parallel, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]

    def run(number: int) -> None:
        argv = [word.replace("{i}", str(number)) for word in command]
        subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    with ThreadPoolExecutor(n_parallel) as pool:
        for _ in pool.map(run, range(n_runs)):
            pass
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"programs_cpu_s": usage.ru_utime + usage.ru_stime}))


if __name__ == "__main__":
    main()
