import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { CHEAP, TestBridge } from '../bridge/test/test-bridge.ts'
import { TestGitea } from '../bridge/test/test-gitea.ts'
import type { BenchLine } from './compare.ts'
import { commented, commentToTrigger } from './webhook.ts'

/** How often Gitea is asked (ms). */
const INTERVAL_MS = 2_000

/** So many comments for each pair that was asked for. */
const COMMENTS = 4

/** From a comment to the trigger of its run without a webhook; the peer is the interval between two polls. */
export async function poll(pairs: number): Promise<BenchLine> {
  await using gitea = await TestGitea.start()
  const pr = await commented(gitea)
  await using bridge = new TestBridge(gitea, {
    executor: { kind: 'local', command: CHEAP },
    watchSeconds: 2,
    gitea: { pollSeconds: INTERVAL_MS / 1000 },
  })
  await bridge.start()
  await commentToTrigger(gitea, bridge, pr)
  const before = await figures(bridge)
  const times: number[] = []
  for (let comment = 0; comment < pairs * COMMENTS; comment += 1) {
    await pause(randomInt(INTERVAL_MS))
    times.push(await commentToTrigger(gitea, bridge, pr))
  }
  const after = await figures(bridge)
  const calls = (after.calls - before.calls) / (after.polls - before.polls)
  if (Math.abs(calls - 1) > 0.1) throw new Error(`a poll of one organisation is ${calls} calls, not one`)
  const longest = Math.max(...times)
  return {
    bench: 'poll',
    ratio: Number((longest / INTERVAL_MS).toFixed(3)),
    ours_ms: Math.round(longest),
    peer_ms: INTERVAL_MS,
    runs: times.length,
    note: `comment to trigger by polling, the longest; the peer is the interval; ${calls.toFixed(2)} calls a poll and organisation`,
  }
}

async function figures({ url }: TestBridge): Promise<{ polls: number; calls: number }> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return {
    polls: Number(/polls_total\{result="well"\} (\d+)/.exec(text)?.[1] ?? 0),
    calls: Number(/requests_total\{what="touched",status="200"\} (\d+)/.exec(text)?.[1] ?? 0),
  }
}
