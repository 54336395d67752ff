import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CcciError,
  type GateVerdict,
  type HealthGate,
  type LiveApp,
  messageOf,
  run,
  type Settings,
  writeAttachment,
} from '@cc-ci/harness'
import { z } from 'zod'

/** The tests of a shared app could not be run: that says nothing of the app. */
export class SuiteNotRunError extends CcciError {}

/** What Vitest's JSON reporter says. */
const report = z.object({
  testResults: z.array(
    z.object({
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
})

type Report = z.infer<typeof report>

/** Where a recipe's suite is: its own, or the one for any recipe. */
export const suiteOf = (root: string, recipe: string): string =>
  existsSync(join(root, 'packages', 'recipes', recipe)) ? recipe : 'generic'

/**
 * The health gate of this checkout: the install-tagged tests of the recipe's suite, attached to the app that is there.
 * Nothing is deployed for them, and nothing is taken away.
 *
 * @param root the folder that holds `vitest.config.ts` and the recipes' suites.
 */
export function suiteGate(root: string, settings: Settings): HealthGate {
  return async (app, signal) => {
    const folder = mkdtempSync(join(tmpdir(), 'cc-ci-gate-'))
    try {
      return await ask({ root, settings, app, folder, signal })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

interface Asked {
  root: string
  settings: Settings
  app: LiveApp
  folder: string
  signal: AbortSignal | undefined
}

async function ask({ root, settings, app, folder, signal }: Asked): Promise<GateVerdict> {
  const { recipe, domain, stack, url, deployed } = app
  const suite = suiteOf(root, recipe)
  const [attachment, output] = [join(folder, 'app.json'), join(folder, 'report.json')]
  writeAttachment(attachment, { recipe, domain, stack, runId: 'reconcile', folder, deployed })
  const args = [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--configLoader=native',
    `--project=${suite}`,
    '--tags-filter=install',
    '--reporter=json',
    `--outputFile=${output}`,
  ]
  const env = {
    NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node'),
    // Whoever calls us may be a test or a run itself.
    ...Object.fromEntries(OF_A_RUN.map((name) => [name, undefined])),
    CCCI_RECIPE: recipe,
    CCCI_STAGES: 'install',
    CCCI_BASE_URL: url,
    CCCI_APP_DOMAIN: domain,
    CCCI_STACK: stack,
    CCCI_ATTACHMENT: attachment,
    CCCI_STATE_DIR: settings.stateDir,
    CCCI_BASE_DOMAIN: settings.baseDomain,
    CCCI_PROXY_ADDRESS: settings.proxyAddress,
    CCCI_CA_FILE: settings.caFile,
    CCCI_CHROMIUM: settings.chromium,
    CCCI_HELPER_IMAGE: settings.helperImage,
    DOCKER_HOST: settings.dockerHost,
  }
  const timeoutMs = settings.useTimeout * 1000
  let said: string
  try {
    said = (await run(process.execPath, args, { cwd: root, env, timeoutMs, signal })).all
  } catch (error) {
    signal?.throwIfAborted()
    said = messageOf(error)
  }
  return judged(suite, readReport(output, said, suite), said)
}

/** What says which run to make, or that this is a test. */
const OF_A_RUN = [
  'CCCI_RUN_ID',
  'CCCI_REF',
  'CCCI_PR',
  'CCCI_PLAN',
  'CCCI_QUICK',
  'VITEST',
  'VITEST_POOL_ID',
  'TEST',
  'NODE_ENV',
]

/** @throws {SuiteNotRunError} */
function readReport(file: string, said: string, suite: string): Report {
  try {
    return report.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    throw notRun(suite, said || messageOf(error), error)
  }
}

const notRun = (suite: string, lastSeen: string, cause?: unknown): SuiteNotRunError =>
  new SuiteNotRunError({
    happened: `The tests of the suite "${suite}" could not be run.`,
    lastSeen: lastSeen.split('\n').slice(-20).join('\n'),
    todo: 'Does `npx vitest run` work in this checkout? The app itself was left as it is.',
    cause,
  })

/** @throws {SuiteNotRunError} when no test has spoken. */
function judged(suite: string, { testResults }: Report, said: string): GateVerdict {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults)
  const passed = tests.filter(({ status }) => status === 'passed')
  const failed = tests.filter(({ status }) => status === 'failed')
  const broken = testResults.flatMap(({ message }) => (message ? [message] : []))
  if (failed.length > 0) {
    const lines = failed.map(({ fullName, failureMessages }) => `✗ ${fullName}\n${(failureMessages ?? []).join('\n')}`)
    return {
      healthy: false,
      text: `${failed.length} of ${tests.length} tests of "${suite}" failed.\n${lines.join('\n')}`,
    }
  }
  // A file that throws before its tests says nothing of the app, and neither do tests that were all skipped.
  if (passed.length === 0 || broken.length > 0) throw notRun(suite, broken.join('\n') || said)
  return { healthy: true, text: `${passed.length} tests of "${suite}" passed.` }
}
