import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type OptionRow, optionsReference, SHIPPED_OPTIONS } from '@cc-ci/harness'

/** Where the reference of the options is published. */
export const OPTIONS_FILE = join(import.meta.dirname, '../../docs/options.md')

const INTRO = `# Options of a recipe

What a recipe needs beyond the defaults. All of it is optional; enrolling a recipe changes nothing else.

\`\`\`ts
import { defineRecipe } from '@cc-ci/fixtures/recipe'

export default defineRecipe({
  env: (domain) => ({ SANDBOX_DOMAIN: \`sandbox-\${domain}\` }),
  health: { path: '/api/health', statuses: [200] },
})
\`\`\`

## Where they stand

- \`packages/recipes/<recipe>/recipe.ts\`, beside the recipe's suite: the word of who runs cc-ci.
- \`${SHIPPED_OPTIONS}\` in the recipe's own repository, as it is committed at the version under test: the word of the
  recipe's maintainer. It may import other files of that repository, and \`@cc-ci/fixtures/recipe\`.

Where both say something of the same key (of the topmost ones: all of \`timeouts\` is one), the suite's is in force and a
warning names the key. The options in force are shown when a run begins and stand in its record with the file that each
comes from (\`customisation\`, \`customisationFrom\`): variables as they are for the app's domain, functions as
\`(function)\`, secrets masked.

Both are checked when they are loaded. An unknown key is told with the nearest known one, a wrong value with its path and
what it takes. A mistake in the suite's file ends the command before anything is touched (exit code 2); one in the recipe's
file fails the run, and is the recipe's doing.

What the recipe ships is known only once it is fetched, so some things come too late there and are refused:

- \`weight\`: the run has waited for the host's capacity by then;
- times longer than the test runner was told of: \`timeouts.deploy\` may be 1800 (or \`CCCI_DEPLOY_TIMEOUT\`, if that is
  more), \`timeouts.http\` and \`timeouts.use\` what the host's \`CCCI_HTTP_TIMEOUT\` and \`CCCI_USE_TIMEOUT\` say.

## All options
`

const section = ({ key, description, type, default: otherwise, example }: OptionRow): string => `
### \`${key}\`

${description}

- takes: ${type}
- default: ${otherwise}

\`\`\`ts
${example}
\`\`\`
`

/** The page `docs/options.md`, from the schema of the options. */
export const optionsPage = (): string => `${INTRO}${optionsReference().map(section).join('')}
This page is written by \`node tooling/options/page.ts\` from the schema of the options.
`

if (import.meta.main) writeFileSync(OPTIONS_FILE, optionsPage())
