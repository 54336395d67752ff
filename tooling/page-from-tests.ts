import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'

const root = join(import.meta.dirname, '..')

/** A page in docs that says what tests have seen. */
export interface TestedPage<Row> {
  /** Relative to the repository. */
  file: string
  /** The folder of the tests, relative to the repository, and the Vitest projects they are in. */
  tests: string
  projects: string[]
  /** The variable that tells the tests where to keep what they see, a JSON object a line. */
  variable: string
  text(rows: Row[]): string
}

/** Runs the tests and, if all of them pass, writes the page from what they have kept. Sets this process's exit code. */
export async function writePage<Row>(page: TestedPage<Row>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cc-ci-page-'))
  const kept = join(folder, 'rows.jsonl')
  try {
    const args = ['run', ...page.projects.map((name) => `--project=${name}`), page.tests, '--reporter=default']
    const { exitCode } = await execa(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...args], {
      cwd: root,
      env: { [page.variable]: kept },
      stdio: 'inherit',
      reject: false,
    })
    if (exitCode === 0) {
      const rows = readFileSync(kept, 'utf8').trim().split('\n')
      writeFileSync(join(root, page.file), page.text(rows.map((line) => JSON.parse(line) as Row)))
      console.log(`${page.file} is written.`)
    }
    process.exitCode = exitCode ?? 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
