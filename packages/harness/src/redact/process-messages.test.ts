import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { deserialize } from 'node:v8'
import { expect, test } from 'vitest'
import { GUARD, testFolder } from './test-folder.ts'

/** What a guarded process that knows the secret sends. */
async function sent(expression: string, serialization: 'json' | 'advanced'): Promise<unknown> {
  using made = testFolder({
    'early.cjs': 'globalThis.early = process.send.bind(process)',
    'main.ts': `
      import './early.cjs'
      import { serialize } from 'node:v8'
      ${GUARD}
      const secret = process.env.PLANTED
      redactor.learn(secret)
      ${expression}
      process.disconnect()
    `,
  })
  const child = fork(join(made.folder, 'main.ts'), {
    serialization,
    execArgv: [],
    env: { ...process.env, PLANTED: 'correct horse', NODE_OPTIONS: '' },
  })
  const [[message]] = await Promise.all([once(child, 'message'), once(child, 'exit')])
  return message
}

test.each(['json', 'advanced'] as const)(
  'messages, %s, hold no secret, also when send was taken hold of before',
  async (how) => {
    const message = '{ type: "log", content: [`is ${secret}`], [secret]: { deep: secret } }'
    const clean = { type: 'log', content: ['is ***'], '***': { deep: '***' } }
    expect(await sent(`process.send(${message})`, how)).toEqual(clean)
    expect(await sent(`early(${message})`, how)).toEqual(clean)
    expect(await sent(`await new Promise((done) => process.send(${message}, undefined, {}, done))`, how)).toEqual(clean)
  },
)

test('structured data keeps its kinds', async () => {
  const message = `{
    map: new Map([[secret, new Set([secret])]]), error: new RangeError(secret), at: new Date(0), big: 7n,
    bytes: new Uint8Array(Buffer.from(secret)), same: /x/g
  }`
  const got = (await sent(`process.send(${message})`, 'advanced')) as { error: Error }
  expect(got).toMatchObject({ map: new Map([['***', new Set(['***'])]]), at: new Date(0), big: 7n, same: /x/g })
  expect(got).toMatchObject({ bytes: new Uint8Array(Buffer.from('***')) })
  expect(got.error).toBeInstanceOf(RangeError)
  expect(got.error.message).toBe('***')
})

test('what was serialised before it is sent can still be read', async () => {
  const got = await sent('process.send(serialize({ content: [secret, "é" + secret], other: 1 }))', 'advanced')
  expect(deserialize(got as Uint8Array)).toEqual({ content: ['***', 'é***'], other: 1 })
})
