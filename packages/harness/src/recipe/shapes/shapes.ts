/** A shape that recipes have, and what cc-ci does with it: a row of `docs/shapes.md`. */
export interface Shape {
  about: About
  does: string
  /** Also proven on a recipe that is deployed. */
  deployed?: true
}

type About = 'env' | 'abra.sh' | 'compose' | 'backup' | 'versions'

/** Every shape by its name. What is said here, a test of the same name holds to. */
export const SHAPES = {
  '`COMPOSE_FILE` refers to itself; an overlay stands in a sub-folder': {
    about: 'env',
    does: 'expands it line by line from `compose.yml` on, and merges the files in that order; paths in an overlay start at the folder of the first file',
    deployed: true,
  },
  '`.env` has quotes and `$VAR`': {
    about: 'env',
    does: 'takes quotes off and fills in what stands above; single-quoted text and `\\$` stay as they are; the service `app` gets every variable',
    deployed: true,
  },
  '`.env.sample` ends in a comment without a line end': {
    about: 'env',
    does: 'writes its own variables on lines of their own',
    deployed: true,
  },
  '`.env.sample` stands only in a sub-folder': {
    about: 'env',
    does: 'refuses the recipe as abra does (lint R008), and says where it found one',
  },
  '`TYPE` is not the name of the repository': {
    about: 'env',
    does: 'goes by the repository, writes that into `TYPE` (and into `RECIPE` where it is used), and warns',
    deployed: true,
  },
  'a secret has `# length=` and `charset=`': {
    about: 'env',
    does: 'makes it of that many characters of that alphabet, and keeps the comment when it edits the line',
    deployed: true,
  },
  'a secret has no `# length=`': {
    about: 'env',
    does: 'makes it a passphrase of four words, as abra does, and warns',
    deployed: true,
  },
  'a commented-out line hides the length of a secret': {
    about: 'env',
    does: 'refuses the recipe and names the line, since abra would make a secret of another length; once `recipe.ts` sets the variable, the line counts as if its `#` were gone',
  },
  'a secret has `# generate=false`': {
    about: 'env',
    does: 'takes its value from `recipe.ts`, and refuses the recipe without one',
    deployed: true,
  },
  '`abra.sh` has exports, functions and more': {
    about: 'abra.sh',
    does: 'reads the exports that need no shell, and never runs the file; they win over defaults in the compose files',
    deployed: true,
  },
  'there is no `abra.sh`': { about: 'abra.sh', does: 'does without', deployed: true },
  'labels are a list here and a map there': {
    about: 'compose',
    does: 'reads both, and adds its own in the same form',
    deployed: true,
  },
  'labels stand outside `deploy:`': {
    about: 'compose',
    does: 'warns: swarm does not show them to Traefik, abra or the backup bot; a recipe whose backup labels all stand there has no backup',
    deployed: true,
  },
  'there is no `version:`': {
    about: 'compose',
    does: 'deploys it, also with Docker clients that refuse such files; files of which only some have one are refused, as Docker does',
    deployed: true,
  },
  'templates have defaults: `${A:-b}`, `${A-b}`': {
    about: 'compose',
    does: 'fills them in by the rules of Docker, which takes a default inside a default literally',
    deployed: true,
  },
  'dollar signs are escaped: `$$5`, `$${1}`': { about: 'compose', does: 'hands on `$5` and `${1}`', deployed: true },
  'golang templates stand in configs and variables': {
    about: 'compose',
    does: 'leaves them to swarm, which fills them in from the variables and secrets of the service',
    deployed: true,
  },
  'a secret has a `target:`': {
    about: 'compose',
    does: 'finds it by its source; the app finds it under its target',
    deployed: true,
  },
  'a variable stands where a number or a duration belongs': {
    about: 'compose',
    does: 'deploys it, since Docker fills it in before it checks the form, and warns: abra may check first and refuse it',
    deployed: true,
  },
  'ports are in host mode': { about: 'compose', does: 'publishes them on the host as they are', deployed: true },
  'a service has `replicas: 0` (a cron job)': {
    about: 'compose',
    does: 'counts 0 of 0 as up',
    deployed: true,
  },
  'services have no healthcheck': {
    about: 'compose',
    does: 'takes them for up once they have run for a moment without ending',
    deployed: true,
  },
  'ten routers and a TCP router are on one service': {
    about: 'compose',
    does: 'hands on every label',
    deployed: true,
  },
  'there are files that nobody asks for: `.drone.yml` with `{{ .Name }}`, a broken overlay': {
    about: 'compose',
    does: 'does not read them',
  },
  'the version label is empty, or not on `app`': {
    about: 'compose',
    does: 'has no version for it, as abra has none, and warns when it stands on another service',
  },
  '`backupbot.backup` is on several services': {
    about: 'backup',
    does: 'backs up the volumes of the stack once and runs the hooks of each, and warns',
  },
  'backup labels of both generations stand side by side': {
    about: 'backup',
    does: 'goes by the second generation, and warns',
  },
  'a variable decides about the backup': {
    about: 'backup',
    does: 'fills it in first: `${ENABLE_BACKUPS:-true}` is on until the `.env` says `false`',
  },
  'tags are `X.Y.Z+` and free text': {
    about: 'versions',
    does: 'orders them by the numbers before the `+`, then by the text in its natural order',
    deployed: true,
  },
  'a tag is lightweight': {
    about: 'versions',
    does: 'takes it for the version it is, and warns: abra refuses it (lint R014)',
    deployed: true,
  },
  'tags are called `vX.Y.Z`': {
    about: 'versions',
    does: 'takes them for no versions, as abra does: the label says the version, and there is nothing to upgrade from; `--ref v1.0.0` still works',
  },
  'there is no tag at all': {
    about: 'versions',
    does: 'goes by the label, or by the commit alone; there is nothing to upgrade from',
  },
  'the version label differs from the tag': {
    about: 'versions',
    does: 'deploys under the version of the tag, and warns',
    deployed: true,
  },
  'the head is broken: `compose.yml` is gone': {
    about: 'versions',
    does: 'refuses it and says what is missing; a published version still runs with `--ref`',
    deployed: true,
  },
  'a major version removed an overlay that old `.env` files list': {
    about: 'versions',
    does: 'fails the upgrade as it fails for operators and leaves the app as it was; with `upgradeEnv: { COMPOSE_FILE }` it goes on',
    deployed: true,
  },
  'there are release notes': {
    about: 'versions',
    does: 'reads those that an upgrade crosses, oldest first, `release/next` last',
  },
} as const satisfies Record<string, Shape>

export type ShapeName = keyof typeof SHAPES

/** The name of the test of a shape. */
export const titleOf = (name: ShapeName): string => `${name}: cc-ci ${SHAPES[name].does}`
