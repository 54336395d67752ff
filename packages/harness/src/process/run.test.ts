import { expect, test } from 'vitest'
import { ProgramError, run } from './run.ts'

const sh = (script: string, options: Parameters<typeof run>[2] = {}) => run('sh', ['-c', script], options)

async function failure(work: Promise<unknown>): Promise<ProgramError> {
  const error = await work.catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(ProgramError)
  return error as ProgramError
}

const causes = ({ notFound, timedOut, aborted, killed, failed }: ProgramError) => ({
  notFound,
  timedOut,
  aborted,
  killed,
  failed,
})
const none = { notFound: false, timedOut: false, aborted: false, killed: false, failed: false }

test('what a program printed comes back, both streams together and stdout alone', async () => {
  const { all, stdout } = await sh('echo out; echo err >&2')
  expect(stdout).toBe('out')
  expect(all.split('\n').sort()).toEqual(['err', 'out'])
})

test('a failing program is told with its exit code and its last lines', async () => {
  const error = await failure(sh('echo "the reason"; exit 7'))
  expect(causes(error)).toEqual({ ...none, failed: true })
  expect(error.exitCode).toBe(7)
  expect(error.message).toMatch(/failed with exit code 7\.\n {2}last seen: the reason/)
})

test('a program that is not installed is told as such', async () => {
  const error = await failure(run('no-such-program-of-ours', []))
  expect(causes(error)).toEqual({ ...none, notFound: true })
  expect(error.message).toContain('Install no-such-program-of-ours')
})

test('a program that takes too long is ended, with what it printed until then', async () => {
  const error = await failure(sh('echo begun; exec sleep 60', { timeoutMs: 300 }))
  expect(causes(error)).toEqual({ ...none, timedOut: true })
  expect(error.output).toBe('begun')
})

test('an abort ends the program', async () => {
  const controller = new AbortController()
  const running = sh('echo begun; exec sleep 60', { signal: controller.signal, onLine: () => controller.abort() })
  expect(causes(await failure(running))).toEqual({ ...none, aborted: true })
})

test('a program ended by somebody else is told as killed', async () => {
  expect(causes(await failure(sh('kill -9 $$')))).toEqual({ ...none, killed: true })
})

test('with a clean environment, a program sees only what it is given', async () => {
  const { stdout } = await sh('echo "$ONLY|$HOME|$NODE_ENV"', {
    cleanEnv: true,
    env: { ONLY: 'this', PATH: process.env.PATH },
  })
  expect(stdout).toBe('this||')
})

test('input reaches the program without standing on its command line', async () => {
  expect((await run('cat', [], { input: 'a secret' })).stdout).toBe('a secret')
})
