import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const REPOSITORY = join(import.meta.dirname, '../../../..')

/** A temporary folder with these files, in which the repository's packages can be imported; gone when disposed of. */
export function testFolder(files: Record<string, string>) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ccci-redact-')))
  symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Code that makes a redactor called `redactor` and guards the process that runs it. */
export const GUARD = `
import { guardOutput } from ${JSON.stringify(join(import.meta.dirname, 'process-output.ts'))}
import { Redactor } from ${JSON.stringify(join(import.meta.dirname, 'redactor.ts'))}
export const redactor = new Redactor()
export const restore = guardOutput(redactor, process)
`
