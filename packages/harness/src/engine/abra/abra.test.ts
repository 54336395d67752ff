import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { testRepository } from '../../recipe/test-repository.ts'
import { type AbraCall, callAbra, checkAbra } from './abra.ts'
import { AbraError, AbraMissingError, fataOf } from './errors.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cc-ci-abra-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

const settings = (abra: string) => ({ abra, dir: folder, dockerHost: 'unix:///nowhere.sock' })

/** A program that does what the script says. */
async function program(script: string): Promise<string> {
  const file = join(folder, 'abra program')
  await writeFile(file, `#!/bin/sh\n${script}\n`)
  await chmod(file, 0o755)
  return file
}

const standIn = () => program(`exec '${process.execPath}' '${join(import.meta.dirname, 'stand-in', 'abra.ts')}' "$@"`)

const call = async (script: string, args: string[] = [], options: AbraCall = {}) =>
  await callAbra(settings(await program(script)), args, options)

const failure = async (work: Promise<unknown>): Promise<AbraError> =>
  await work.then(
    () => expect.unreachable('it succeeded'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(AbraError)
      return error as AbraError
    },
  )

test('a FATA on standard output becomes an error that says what was called and what abra said', async () => {
  const script = 'echo INFO reading; echo "to stderr" >&2; echo "FATA deploy failed 🛑"; exit 1'
  const error = await failure(call(script, ['app', 'deploy', 'a.example.org', '-n']))
  expect(error.fata).toBe('deploy failed 🛑')
  expect(error.message).toMatch(/^`abra app deploy a\.example\.org -n` failed: deploy failed 🛑\n/)
  expect(error.told.lastSeen).toBe('INFO reading\nto stderr\nFATA deploy failed 🛑')
  expect(error.told.todo).toContain('-c')
})

test('an end without a FATA tells what was last printed', async () => {
  const error = await failure(call('echo "panic: oh no" >&2; exit 2'))
  expect(error.fata).toBeUndefined()
  expect(error.told.lastSeen).toBe('panic: oh no')
})

test.each([
  ['FATA already deployed', 'already deployed'],
  ['INFO x\r\n\u001b[1;31mFATA\u001b[0m first\r\nsecond\r\n', 'first\nsecond'],
  ['2026/01/01 10:00:00 FATA <app/deploy.go:10> no such', '<app/deploy.go:10> no such'],
  ['FATA one\nWARN two\nFATA three', 'three'],
  ['INFO no FATAlity here', undefined],
  ['', undefined],
])('%j is read as %j', (output, fata) => {
  expect(fataOf(output)).toBe(fata)
})

test('what it prints comes back as text, without the colours and line ends of a terminal', async () => {
  expect(await call("printf '\\033[32mok\\033[0m\\r\\n'")).toBe('ok\n'.trimEnd())
})

test.each([[false], [true]])(
  'a missing abra is told before anything is touched (in a terminal: %s)',
  async (terminal) => {
    const missing = callAbra(settings(join(folder, 'none')), ['--version'], { terminal })
    await expect(missing).rejects.toThrow(AbraMissingError)
    await expect(checkAbra(settings(join(folder, 'none')))).rejects.toThrow(/CCCI_ABRA/)
  },
)

test('a file that is no program is no abra', async () => {
  await writeFile(join(folder, 'text'), 'hello')
  await expect(callAbra(settings(join(folder, 'text')), [])).rejects.toThrow(AbraMissingError)
})

test('an abra that does not like to be asked for its version is there all the same', async () => {
  await checkAbra(settings(await program('echo FATA unknown flag; exit 1')))
})

test('commands that want a terminal fail without one and get one when it is asked for', async () => {
  await testRepository(join(folder, 'recipes'), 'light', {
    version: '1.0.0+1',
    tag: 'lightweight',
    files: { '.env.sample': 'TYPE=light' },
  })
  const abra = settings(await standIn())
  const error = await failure(callAbra(abra, ['recipe', 'lint', 'light']))
  expect(error.fata).toBe('inappropriate ioctl for device')
  expect(error.told.todo).toContain('script')
  expect(await callAbra(abra, ['recipe', 'lint', 'light'], { terminal: true })).toContain('R014')
  const restoring = callAbra(abra, ['app', 'restore', 'x'], { terminal: true })
  expect((await failure(restoring)).fata).toBe('cannot find app with name x')
})

test('arguments reach a program in a terminal as they are', async () => {
  const words = ['a b', "it's", '$HOME', '`x`', '"q"', '\\', '*', '']
  const printed = await call('for word in "$@"; do printf "<%s>" "$word"; done', words, { terminal: true })
  expect(printed).toBe(words.map((word) => `<${word}>`).join(''))
})

test.each([[false], [true]])(
  'a call is bounded, and its program ends with it (in a terminal: %s)',
  async (terminal) => {
    const pid = join(folder, 'pid')
    const hanging = call(`echo $$ > '${pid}'; exec sleep 60`, ['app', 'ls'], { timeoutMs: 1_000, terminal })
    expect((await failure(hanging)).message).toContain('did not end in its time')
    const number = Number(await readFile(pid, 'utf8'))
    await expect.poll(() => isThere(number)).toBe(false)
  },
)

test('an abort ends the program and is no error of abra', async () => {
  const abort = new AbortController()
  const pid = join(folder, 'pid')
  const hanging = call(`echo $$ > '${pid}'; exec sleep 60`, [], { signal: abort.signal })
  const rejected = expect(hanging).rejects.toThrow(/aborted/)
  await expect.poll(() => readFile(pid, 'utf8').catch(() => '')).toMatch(/\d\n/)
  abort.abort()
  await rejected
  expect(isThere(Number(await readFile(pid, 'utf8')))).toBe(false)
})

test('abra gets its folder and a home, and nothing else of this process', async () => {
  vi.stubEnv('SOME_TOKEN', 'do not pass this on')
  vi.stubEnv('HOME', '')
  const printed = await call('env')
  expect(printed).toContain(`ABRA_DIR=${folder}`)
  expect(printed).toContain('DOCKER_HOST=unix:///nowhere.sock')
  expect(printed).toMatch(/^HOME=\/.+$/m)
  expect(printed).not.toContain('do not pass this on')
})

test('what it printed is handed over before an error is made of it', async () => {
  const seen: string[] = []
  await failure(call('echo "{}"; echo FATA no; exit 1', [], { onOutput: (output) => seen.push(output) }))
  expect(seen).toEqual(['{}\nFATA no'])
})

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
