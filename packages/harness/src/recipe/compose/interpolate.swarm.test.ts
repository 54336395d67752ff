import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { ProgramError } from '../../process/run.ts'
import { interpolate, TemplateError } from './interpolate.ts'
import { hasStackConfig, stackConfig } from './test-stack-config.ts'

// What `docker stack deploy` makes of templates is compared in compose-view.swarm.test.ts, with any client.

/** What Docker makes of templates, each the value of a label. @throws {ProgramError} with its words when it refuses one. */
async function asDocker(templates: string[], env: Record<string, string>): Promise<string[]> {
  const labels = Object.fromEntries(templates.map((template, index) => [`l${index}`, template]))
  const text = await stackConfig({ deploy: { labels } }, { env })
  // What is printed is text all through.
  const config = parse(text, { schema: 'failsafe' }) as {
    services: { app: { deploy: { labels: Record<string, string> } } }
  }
  return templates.map((_, index) => config.services.app.deploy.labels[`l${index}`] ?? 'none')
}

/** The same by our own rules; `undefined` for one that is refused. */
function asOurs(template: string, env: Record<string, string>): string | undefined {
  try {
    return interpolate(template, env)
  } catch (error) {
    if (error instanceof TemplateError) return undefined
    throw error
  }
}

const NAMES = ['A', 'B', 'lower_1', '_x', 'LONG_NAME1']

/** Some of the variables, so that others are unset; values that look like templates themselves among them. */
const variables = fc.dictionary(
  fc.constantFrom(...NAMES),
  fc.oneof(fc.constant(''), fc.string({ unit: fc.constantFrom(...'ab$A{}:-? \'"\\') })),
)

/** Whatever: text of the characters that matter. */
const soup = fc
  .array(
    fc.constantFrom('$', '$$', '${', '}', ':', '-', '?', ':-', ':?', '1', '_', 'é', ' ', '{', '"', 'x', ...NAMES),
    {
      maxLength: 8,
    },
  )
  .map((parts) => parts.join(''))

/** What recipes write. */
const part = fc.oneof(
  fc.constantFrom('Host(`', '`)', '://', ' ', '$$', '$${1}', '^(.*)$$'),
  fc.constantFrom(...NAMES).map((name) => `$${name}`),
  fc
    .tuple(fc.constantFrom(...NAMES), fc.constantFrom('', ':-', '-', ':?', '?'), soup)
    .map(([name, separator, rest]) => `\${${name}${separator === '' ? '' : separator + rest}}`),
)
const template = fc.oneof(
  soup,
  fc.array(part, { maxLength: 4 }).map((parts) => parts.join('')),
)

describe.runIf(hasStackConfig)('templates come out as `docker stack config` fills them in', () => {
  test('whatever is written, with whatever variables', { timeout: 60_000 }, async () => {
    let filled = 0
    let refusedAll = 0
    const templates = fc.array(template, { minLength: 1, maxLength: 300, size: 'max' })
    await fc.assert(
      fc.asyncProperty(variables, templates, async (env, all) => {
        const accepted = all.filter((each) => asOurs(each, env) !== undefined)
        const expected = accepted.map((each) => [each, asOurs(each, env)])
        const found = await asDocker(accepted, env)
        expect(accepted.map((each, index) => [each, found[index]])).toEqual(expected)
        // Docker names only the first that it refuses, so each is asked for alone.
        const refused = all.filter((each) => asOurs(each, env) === undefined).slice(0, 3)
        for (const each of refused) {
          const error = await asDocker([each], env).catch((thrown: unknown) => thrown)
          expect([each, error]).toEqual([each, expect.any(ProgramError)])
          expect((error as ProgramError).output).toMatch(
            /invalid interpolation format|invalid template|missing a value/i,
          )
        }
        filled += accepted.length
        refusedAll += refused.length
      }),
      { numRuns: 15 },
    )
    expect(filled).toBeGreaterThan(500)
    expect(refusedAll).toBeGreaterThan(10)
  })
})
