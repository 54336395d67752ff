import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../process/run.ts'

/** Docker's client as a program finds it on PATH, with somebody who writes down each call. */
export interface WatchedDocker {
  /** What PATH must be for that. */
  path: string
  /** The calls so far: the engine's address, then what was typed. */
  calls(): string[]
  /** Lets the calls that wait, and all later ones, go on. */
  letGo(): void
}

/**
 * @param folder for its files.
 * @param sabotage what `image` does instead of its work: `fail`; or `wait`, and all others do, too, until they are let go.
 */
export async function watchDocker(folder: string, sabotage?: 'fail' | 'wait'): Promise<WatchedDocker> {
  const { stdout: real } = await run('sh', ['-c', 'command -v docker'])
  const bin = join(folder, 'bin')
  const log = join(folder, 'calls')
  const gate = join(folder, 'open')
  mkdirSync(bin, { recursive: true })
  const lines = [
    '#!/bin/sh',
    `echo "$DOCKER_HOST docker $*" >>'${log}'`,
    ...(sabotage === 'wait' ? [`until [ -e '${gate}' ]; do sleep 0.05; done`] : []),
    ...(sabotage === 'fail' ? ['[ "$1" = image ] && { echo "no space left on device" >&2; exit 7; }'] : []),
    `exec '${real}' "$@"`,
  ]
  writeFileSync(join(bin, 'docker'), `${lines.join('\n')}\n`)
  chmodSync(join(bin, 'docker'), 0o755)
  return {
    path: `${bin}:${process.env.PATH}`,
    calls: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
    letGo: () => writeFileSync(gate, ''),
  }
}
