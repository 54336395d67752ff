/** A shape of recipes that a test has proven, as the tests of the shapes keep it. */
export interface Proof {
  shape: string
  about: 'env' | 'abra.sh' | 'compose' | 'backup' | 'versions'
  does: string
  /** Whether it is to be proven on a recipe that is deployed, too. */
  deployed?: true
  order: number
  by: 'read' | 'deployed'
}

const TITLES: Record<Proof['about'], string> = {
  env: '## `.env` and `.env.sample`',
  'abra.sh': '## `abra.sh`',
  compose: '## Compose files',
  backup: '## Backup labels',
  versions: '## Versions',
}

function row(shape: string, proofs: readonly Proof[]): string {
  const own = proofs.filter((proof) => proof.shape === shape)
  const proven = (by: Proof['by']) => (own.some((proof) => proof.by === by) ? '✓' : '✗')
  const { does, deployed } = own[0] ?? { does: '' }
  return `| ${shape} | ${does} | ${proven('read')} | ${deployed ? proven('deployed') : '–'} |`
}

function table(about: Proof['about'], proofs: readonly Proof[]): string {
  const own = proofs.filter((proof) => proof.about === about).sort((one, other) => one.order - other.order)
  const rows = [...new Set(own.map(({ shape }) => shape))].map((shape) => row(shape, own))
  return [TITLES[about], '', '| When | cc-ci | Read | Deployed |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

/** The page `docs/shapes.md`, from what the tests have proven. */
export function page(proofs: readonly Proof[]): string {
  const tables = (Object.keys(TITLES) as Proof['about'][]).map((about) => table(about, proofs))
  return `# The shapes of recipes

Recipes are not all written alike. Each row is a shape that real ones have, what cc-ci does with it, and how that is proven:
on a small recipe, written for it, that is _read_, and where the shape is about deployment on one that is _deployed_ by the
built-in engine, looked at from inside, and removed without a trace. A warning stands in the run's record and changes nothing
else.

This page is written by \`npm run shapes\`, which runs the tests (\`packages/harness/src/recipe/shapes\`; \`npm test\` does so,
too) and fails when one of them does. A row's words are the name of its test. Beyond the rows, generated files hold the
\`.env\` reader and writer to each other (\`env-file.property.test.ts\`), and templates to what Docker itself makes of them
(\`compose/interpolate.swarm.test.ts\`).

${tables.join('\n\n')}
`
}
