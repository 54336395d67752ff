import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { CcciError, run } from '@cc-ci/harness'
import { execa } from 'execa'
import { MUTANTS, type Mutant } from './mutants.ts'

// Takes the safeguards of teardown out, one at a time, in a copy of this repository: the tests must notice.

/** A mutant's text is not (or not only once) in its file: the code has moved on. */
class StaleMutantError extends CcciError {}

const root = join(import.meta.dirname, '../..')

/** A test that waits for ever for what was taken out has noticed, too. */
const LIMIT_MS = 180_000

async function copyRepository(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'cc-ci-mutants-'))
  const { stdout } = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: root })
  for (const file of stdout.split('\0').filter(Boolean)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    cpSync(join(root, file), join(folder, file))
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** @returns how the tests noticed, or nothing when they did not. */
async function noticed(folder: string, { file, from, to, project, tests }: Mutant): Promise<string | undefined> {
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  if (text.split(from).length !== 2) {
    throw new StaleMutantError({
      happened: `${file} does not hold exactly once: ${from}`,
      todo: 'Bring tooling/mutants/mutants.ts up to date with it.',
    })
  }
  writeFileSync(
    path,
    text.replace(from, () => to),
  )
  try {
    const args = ['run', `--project=${project}`, '--bail=1', '--reporter=dot', ...tests]
    const { exitCode, timedOut } = await execa(process.execPath, ['node_modules/vitest/vitest.mjs', ...args], {
      cwd: folder,
      reject: false,
      timeout: LIMIT_MS,
      all: true,
    })
    if (timedOut) return `they did not end within ${LIMIT_MS / 1000} s`
    return exitCode === 0 ? undefined : 'red'
  } finally {
    writeFileSync(path, text)
  }
}

const folder = await copyRepository()
try {
  for (const mutant of MUTANTS) {
    const how = await noticed(folder, mutant)
    console.log(`${how ? '✓' : '✗'} ${mutant.name}: ${how ?? 'nobody noticed'} (${mutant.tests.join(', ')})`)
    if (!how) process.exitCode = 1
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
