"""An asyncio server. Calls of the authority block, so they run in threads.

Other Python threads run meanwhile, and concurrent calls share one write to the disk: use more
threads than cores.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from demo_fleet import demo_fleet

import provkey


async def handle(authority: provkey.Authority, csr: bytes, peer: str) -> tuple[int, str]:
    """Answers one request, as a web framework would: a status and a body."""
    try:
        answer = await asyncio.to_thread(authority.enroll, csr, address=peer)
    except (provkey.RefusedError, provkey.CsrError) as error:
        return 403, error.code
    except provkey.Error as error:
        return (503 if error.retryable else 500), error.code
    return 200, answer.chain_pem


async def serve(authority: provkey.Authority, csrs: list[bytes]) -> list[tuple[int, str]]:
    """Answers many requests concurrently."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(32))
    return await asyncio.gather(*(handle(authority, csr, "192.0.2.1") for csr in csrs))


def main() -> None:
    """Lets 40 connectors ask at once for 30 uses."""
    with demo_fleet({"Branch": (30, 0)}) as authority:
        key = provkey.ProvisioningKey.parse(authority.keys.copy("Branch rollout"))
        csrs = [provkey.Identity.generate().request(key).der for _ in range(40)]
        answers = asyncio.run(serve(authority, csrs))
        print(sum(status == 200 for status, _ in answers), "enrolled")
        refused = [body for status, body in answers if status == 403]
        print(len(refused), "refused:", *set(refused))


if __name__ == "__main__":
    main()
