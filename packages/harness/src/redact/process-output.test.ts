import { EventEmitter, once } from 'node:events'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { guardOutput } from './process-output.ts'
import { Redactor } from './redactor.ts'
import { GUARD, testFolder } from './test-folder.ts'

const SECRET = 'correct horse'

/** Runs a script in a process of its own that guards itself and knows the secret. */
async function run(script: string) {
  using made = testFolder({ 'main.ts': `${GUARD}redactor.learn(process.env.PLANTED)\n${script}` })
  const child = execa(process.execPath, [join(made.folder, 'main.ts')], {
    env: { PLANTED: SECRET, NO_COLOR: '1', FORCE_COLOR: undefined, NODE_OPTIONS: undefined },
    reject: false,
    stripFinalNewline: false,
  })
  const { stdout, stderr, exitCode } = await child
  expect(stdout + stderr).not.toContain(SECRET)
  return { stdout, stderr, exitCode }
}

describe('a process that guards itself', () => {
  test('prints no secret, however it prints it', async () => {
    const { stdout, stderr, exitCode } = await run(`
      const secret = process.env.PLANTED
      console.log('log', secret, { secret })
      console.error('error %s', secret)
      process.stdout.write(secret + '\\n')
      process.stdout.write(Buffer.from(secret + '\\n'))
      process.stdout.write(Buffer.from(secret + '\\n').toString('hex'), 'hex')
      process.stdout.write(secret.slice(0, 3))
      setTimeout(() => process.stdout.write(secret.slice(3) + ' corr'), 100)
    `)
    expect(stdout).toBe("log *** { secret: '***' }\n***\n***\n****** corr".replace('******', '***\n***'))
    expect(stderr).toBe('error ***\n')
    expect(exitCode).toBe(0)
  })

  test('gives out what it held back when it ends, in whatever way it ends, and still filters at the very end', async () => {
    const ends = ['', 'process.exit(0)', "process.stdout.end('cor')", 'setTimeout(() => process.exit(0))']
    for (const end of ends) {
      const { stdout } = await run(`
        process.on('exit', () => process.stdout.writable && process.stdout.write('|' + process.env.PLANTED + ' cor'))
        process.stdout.write('a ' + process.env.PLANTED + ', a cor')
        ${end}
      `)
      expect(stdout).toBe(end.includes('end') ? 'a ***, a corcor' : 'a ***, a cor|*** cor')
    }
  })

  test('an error that nobody catches says no secret, nor does its cause, nor does a warning', async () => {
    const thrown = await run(`
      process.emitWarning('beware of ' + process.env.PLANTED)
      setTimeout(() => {
        const cause = new TypeError('because of ' + process.env.PLANTED)
        throw Object.assign(new Error('broken by ' + process.env.PLANTED, { cause }), { actual: process.env.PLANTED })
      })
    `)
    expect(thrown.stderr).toMatch(/Warning: beware of \*\*\*/)
    expect(thrown.stderr).toMatch(/Error: broken by \*\*\*\n +at /)
    expect(thrown.stderr).toMatch(/TypeError: because of \*\*\*/)
    expect(thrown.stderr).toContain("actual: '***'")
    expect(thrown.exitCode).toBe(1)
    const rejected = await run(`Promise.reject(new Error('broken by ' + process.env.PLANTED))`)
    expect(rejected.stderr).toContain('Error: broken by ***')
    expect(rejected.exitCode).toBe(1)
  })
})

/** A process without the rest: real streams, which fill up when nobody reads them. */
function standIn() {
  const stdout = new PassThrough({ highWaterMark: 10 })
  const stderr = new PassThrough()
  const target = Object.assign(new EventEmitter(), { stdout, stderr })
  return { stdout, stderr, target: target as unknown as NodeJS.Process }
}

function redactorOf(...values: string[]): Redactor {
  const redactor = new Redactor()
  for (const value of values) redactor.learn(value)
  return redactor
}

describe('a guarded stream', () => {
  test('calls back, tells back-pressure and drains as before', async () => {
    const { stdout, target } = standIn()
    guardOutput(redactorOf(SECRET), target)
    const written = new Promise<void>((resolve, reject) => {
      stdout.write('short', 'utf8', (error) => (error ? reject(error) : resolve()))
    })
    expect(stdout.write('long enough to be too much')).toBe(false)
    const held = new Promise<void>((resolve) => stdout.write('corr', () => resolve()))
    const drained = once(stdout, 'drain')
    const all = text(stdout)
    await Promise.all([written, held, drained])
    stdout.end('ect horse', 'utf8')
    expect(await all).toBe('shortlong enough to be too much***')
  })

  test('refuses what the stream itself refuses', () => {
    const { stdout, target } = standIn()
    guardOutput(redactorOf(SECRET), target)
    expect(() => stdout.write(null)).toThrow(/may not write null/i)
    expect(() => stdout.write(7)).toThrow(/ERR_INVALID_ARG_TYPE|must be of type/)
  })

  test('guarded twice it is guarded once, restored it is what it was', async () => {
    const { stdout, stderr, target } = standIn()
    const before = [stdout.write, stdout.end, stderr.write, stderr.end]
    const redactor = redactorOf(SECRET)
    const restore = guardOutput(redactor, target)
    const guarded = stdout.write
    expect(guardOutput(redactor, target)).toBe(restore)
    expect(stdout.write).toBe(guarded)
    stdout.write('a correct')
    restore()
    restore()
    expect([stdout.write, stdout.end, stderr.write, stderr.end]).toEqual(before)
    expect(target.eventNames()).toEqual([])
    stdout.end(' horse')
    expect(await text(stdout)).toBe('a correct horse')
    expect(guardOutput(redactor, target)).not.toBe(restore)
  })

  test('two redactors both filter, in whatever order they are taken away', async () => {
    const { stdout, target } = standIn()
    const first = guardOutput(redactorOf(SECRET), target)
    const second = guardOutput(redactorOf('battery staple'), target)
    stdout.write('correct horse battery staple, ')
    first()
    stdout.write('correct horse battery staple, ')
    second()
    stdout.end('correct horse battery staple')
    expect(await text(stdout)).toBe('*** ***, correct horse ***, correct horse battery staple')
  })
})
