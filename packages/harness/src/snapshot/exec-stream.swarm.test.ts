import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Helper, openHelper } from '../docker/helper.ts'
import { testHost } from '../docker/test-stack.ts'
import { streamExec } from './exec-stream.ts'

const { docker, image, unique } = await testHost()
const signal = AbortSignal.timeout(100_000)

describe('a stream through a container', () => {
  let helper: Helper

  beforeAll(async () => {
    helper = await openHelper(docker, { image, labels: { 'cc-ci.test': unique }, volumes: [] })
  })
  afterAll(async () => await helper.close())

  const sh = (script: string, options: Omit<Parameters<typeof streamExec>[3], 'signal'>) =>
    streamExec(docker, helper.id, ['sh', '-c', script], { signal, ...options })

  test('comes out as it went in, with what was said beside it', async () => {
    const bytes = randomBytes(30 * 2 ** 20)
    const hash = createHash('sha256')
    const result = await sh('echo begun >&2; cat; echo over >&2; exit 3', {
      input: Readable.from([bytes.subarray(0, 5), bytes.subarray(5)]),
      async output(piece) {
        hash.update(piece)
      },
    })
    expect(result).toEqual({ exitCode: 3, stdout: '', stderr: 'begun\nover\n' })
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'))
  })

  test('waits for whoever takes it', async () => {
    const before = process.memoryUsage().arrayBuffers
    let taken = 0
    let most = 0
    await sh('head -c 300000000 /dev/zero', {
      async output(piece) {
        taken += piece.length
        await new Promise(setImmediate)
        most = Math.max(most, process.memoryUsage().arrayBuffers - before)
      },
    })
    expect(taken).toBe(300_000_000)
    expect(most).toBeLessThan(100_000_000)
  })

  test('ends with a program that does not read it', async () => {
    const { exitCode } = await sh('exec 0<&-; exit 5', { input: Readable.from([Buffer.alloc(50_000_000)]) })
    expect(exitCode).toBe(5)
  })

  test('fails with its source and with its taker', async () => {
    const source = Readable.from(
      (async function* () {
        yield Buffer.alloc(1000)
        throw new Error('the source broke')
      })(),
    )
    await expect(sh('cat > /dev/null', { input: source })).rejects.toThrow('the source broke')
    const output = () => Promise.reject(new Error('no room'))
    await expect(sh('echo x', { output })).rejects.toThrow('no room')
  })
})
