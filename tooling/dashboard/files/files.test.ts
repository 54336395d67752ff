import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { TestState } from '../sample/test-state.ts'
import { openInside } from './inside.ts'
import { mannerOf } from './serve.ts'

async function read(folder: string, name: string): Promise<string | undefined> {
  const handle = await openInside(folder, name)
  try {
    return await handle?.readFile('utf8')
  } finally {
    await handle?.close()
  }
}

test('a file inside a folder is opened, whatever its name; nothing outside is', async () => {
  using state = new TestState()
  const folder = join(state.dir, 'inside')
  state.write('outside.txt', 'secret')
  state.write('inside-not/a.txt', 'secret')
  state.write('inside/sub/a b.txt', 'mine')
  state.write('inside/..a', 'mine')
  symlinkSync('sub/a b.txt', join(folder, 'link'))
  symlinkSync('../outside.txt', join(folder, 'out'))
  symlinkSync(state.dir, join(folder, 'up'))
  for (const name of ['sub/a b.txt', '..a', 'link', 'sub/../sub/a b.txt'])
    expect(await read(folder, name), name).toBe('mine')
  const outside = [
    '../outside.txt',
    'out',
    'up/outside.txt',
    '../inside-not/a.txt',
    join(state.dir, 'outside.txt'),
    '',
    '.',
    'sub',
    'none',
    'sub/a b.txt/x',
    'a\0b',
    'x'.repeat(5_000),
  ]
  for (const name of outside) expect(await read(folder, name), name.slice(0, 80)).toBeUndefined()
})

test('a pipe is not waited for', async () => {
  using state = new TestState()
  mkdirSync(join(state.dir, 'inside'))
  await execa('mkfifo', [join(state.dir, 'inside/pipe')])
  expect(await read(join(state.dir, 'inside'), 'pipe')).toBeUndefined()
})

test.each(['a.html', 'a.svg', 'a.js', 'a.xml', 'a.css', 'a.pdf', 'a', 'png', 'a.png.html', '.env'])(
  '%s is shown as text',
  (name) => {
    expect(mannerOf(name)).toEqual({ type: 'text/plain; charset=utf-8', attachment: false })
  },
)

test('pictures are shown, archives are handed out', () => {
  expect(mannerOf('a.PNG')).toEqual({ type: 'image/png', attachment: false })
  expect(mannerOf('trace.zip')).toEqual({ type: 'application/zip', attachment: true })
})
