import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ContainerGoneError, ExecError, ExecTimeoutError, execIn, execOk } from './exec.ts'
import { type Helper, openHelper } from './helper.ts'
import { testHost } from './test-stack.ts'

const { docker, image, unique } = await testHost()

describe('a command in a container', () => {
  let helper: Helper

  beforeAll(async () => {
    helper = await openHelper(docker, { image, labels: { 'cc-ci.run': unique }, volumes: [] })
  })
  afterAll(async () => await helper.close())

  test('gives its exit code and both its streams apart', async () => {
    const result = await execIn(docker, helper.id, ['sh', '-c', 'echo out; echo err >&2; exit 3'])
    expect(result).toEqual({ exitCode: 3, stdout: 'out\n', stderr: 'err\n' })
  })

  test('reads its input to the end', async () => {
    const { stdout } = await execIn(docker, helper.id, ['wc', '-c'], { input: Buffer.alloc(5_000_000, 65) })
    expect(stdout.trim()).toBe('5000000')
  })

  test('may end without reading its input', async () => {
    const result = await execIn(docker, helper.id, ['sh', '-c', 'exit 4'], { input: Buffer.alloc(5_000_000, 65) })
    expect(result.exitCode).toBe(4)
  })

  test('prints megabytes of short lines without loss', async () => {
    const { stdout } = await execIn(docker, helper.id, ['sh', '-c', 'yes | head -c 8000000'])
    expect(stdout.length).toBe(8_000_000)
  })

  test('gets its environment, user and folder', async () => {
    const { stdout } = await execIn(docker, helper.id, ['sh', '-c', 'echo "$SECRET"; id -u; pwd'], {
      env: { SECRET: 'a=b c' },
      user: '33',
      workdir: '/tmp',
    })
    expect(stdout).toBe('a=b c\n33\n/tmp\n')
  })

  test('ends with its time', async () => {
    await expect(execIn(docker, helper.id, ['sleep', '30'], { timeoutMs: 200 })).rejects.toThrow(ExecTimeoutError)
  })

  test('ends with the signal, for the signal’s reason', async () => {
    const reason = new Error('enough')
    const abort = new AbortController()
    const running = execIn(docker, helper.id, ['sleep', '30'], { signal: abort.signal })
    abort.abort(reason)
    await expect(running).rejects.toBe(reason)
  })

  test('that fails names itself, its exit code and its last lines when it had to succeed', async () => {
    const error = await execOk(docker, helper.id, ['sh', '-c', 'echo no space >&2; exit 7']).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(ExecError)
    expect(error).toMatchObject({ blame: 'recipe', exitCode: 7 })
    expect(error.message).toContain('no space')
  })

  test('that is not in the container says so', async () => {
    const error = await execOk(docker, helper.id, ['no-such-program']).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(ExecError)
    expect(error.message).toContain('no such program')
  })

  test('in a container that is not there is refused', async () => {
    await expect(execIn(docker, `${unique}-nothing`, ['true'])).rejects.toThrow(ContainerGoneError)
  })
})
