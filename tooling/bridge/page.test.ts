import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readServeConfig, serveReference } from './config.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/bridge.md'), 'utf8')

test('the page has every key as the code has it', () => {
  const rows = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  const told = rows.filter(([, key]) => key?.startsWith('`') && /^`[a-z][A-Za-z.]*(: "[a-z]+")?`$/.test(key))
  const wanted = serveReference().map((row) => [
    `\`${row.key}\``,
    row.about,
    row.default === undefined ? '' : `\`${JSON.stringify(row.default)}\``,
  ])
  expect(told.map(([, ...cells]) => cells.slice(0, 3))).toEqual(wanted)
})

test('its examples can be used as they are', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ccci-page-'))
  try {
    const [whole = '', drone = ''] = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) => text ?? '')
    const file = join(folder, 'serve.json')
    const read = (text: string) => {
      writeFileSync(file, text)
      return readServeConfig(file)
    }
    expect(read(whole).executor).toEqual({ kind: 'local', capacity: 1 })
    const withDrone = { ...(JSON.parse(whole) as object), ...(JSON.parse(`{${drone}}`) as object) }
    expect(read(JSON.stringify(withDrone)).executor).toMatchObject({ kind: 'drone', branch: 'main' })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
