import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isExecutable } from './executable.ts'

test('whether a file may be executed is asked of the system', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cc-ci-executable-'))
  try {
    const file = join(folder, 'run')
    expect(isExecutable(file)).toBe(false)
    writeFileSync(file, '')
    expect(isExecutable(file)).toBe(false)
    chmodSync(file, 0o755)
    expect(isExecutable(file)).toBe(true)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
