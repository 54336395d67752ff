import { brokenRules, lintLines, type Paint, type RunPreview, warningsOf } from '@cc-ci/harness'

/** How wide the headings are. */
const WIDTH = 13

const OUTCOMES: Record<RunPreview['stages'][number]['outcome'], { sign: string; format: Parameters<Paint>[0] }> = {
  runs: { sign: '●', format: 'green' },
  'not applicable': { sign: '–', format: 'dim' },
  unverified: { sign: '?', format: 'yellow' },
  'not asked for': { sign: '–', format: 'dim' },
}

/** A heading with what belongs to it beside and below; nothing where there is nothing. */
function block(heading: string, lines: readonly string[], paint: Paint): string[] {
  return lines.map((line, index) => `  ${paint('bold', (index === 0 ? heading : '').padEnd(WIDTH))} ${line}`)
}

/** Columns as wide as their widest cell; the last one as it comes. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)))
  return rows.map((cells) =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

const short = (commit: string | undefined): string => (commit ? commit.slice(0, 7) : 'not published')

function stageLines({ stages }: RunPreview, paint: Paint): string[] {
  const names = columns(stages.map(({ stage, reason, outcome }) => [stage, reason ? `${outcome}: ${reason}` : outcome]))
  return names.map((line, index) => {
    const { sign, format } = OUTCOMES[stages[index]?.outcome ?? 'runs']
    return `${paint(format, sign)} ${line}`
  })
}

function deploymentLines({ deployments, plan }: RunPreview): string[] {
  const count = deployments.length === 1 ? '1, counted' : `${deployments.length}, counted`
  return [
    `${count} (plan ${plan})`,
    ...deployments.map(({ purpose, version }, at) => `${at + 1}. ${purpose}: ${version}`),
  ]
}

function serviceLines({ services }: RunPreview, paint: Paint): string[] {
  const rows = services.map(({ name, image, mode, replicas }) => [name, image, `${mode} ×${replicas}`])
  return columns(rows).map((line, index) => {
    const { local } = services[index] ?? {}
    return local === false ? `${line}  ${paint('yellow', 'to be pulled')}` : line
  })
}

function secretLines({ secrets }: RunPreview, paint: Paint): string[] {
  const how = ({ from, length, charset }: RunPreview['secrets'][number]) => {
    if (from === 'options') return 'given by the options'
    if (from === 'nobody') return 'given by nobody'
    return [length ? `generated, ${length} characters` : 'generated', charset].filter(Boolean).join(', ')
  }
  const rows = columns(secrets.map((secret) => [secret.key, secret.name, how(secret)]))
  return rows.flatMap((row, index) => {
    const { problem } = secrets[index] ?? {}
    return problem ? [row, paint('red', `  ${problem.split('\n')[0]}`)] : [row]
  })
}

function backupLines({ backup }: RunPreview): string[] {
  if (!backup) return ['cannot be backed up: no service has backupbot.backup']
  const volumes = backup.volumes.map(({ key, paths }) => (paths ? `${key} (${paths.join(', ')})` : key))
  const left = backup.excluded.length > 0 ? `, not ${backup.excluded.join(', ')}` : ''
  return [
    `of ${backup.services.join(', ')}: ${volumes.join(', ') || 'no volume'}${left}`,
    ...backup.hooks.map(({ service, when, command }) => `${when} in ${service}: ${command}`),
  ]
}

function lintBlock({ lint }: RunPreview, paint: Paint): string[] {
  const errors = brokenRules(lint, 'error')
  const counted = (outcome: string) => lint.rules.filter((rule) => rule.outcome === outcome).length
  const facts = [
    `${counted('satisfied')} rules satisfied`,
    errors.length > 0 ? paint('red', `errors: ${errors.map(({ id }) => id).join(', ')}`) : '',
    paint('yellow', warningsOf(lint)),
    `${counted('skipped')} skipped`,
  ]
  return [...block('lint', [facts.filter(Boolean).join(' · ')], paint), ...lintLines(lint, paint)]
}

const objects = (list: { key: string; name: string; external: boolean }[]): string[] =>
  columns(list.map(({ key, name, external }) => [key, name, external ? 'external' : '']))

/** A plan as a person reads it. */
export function planLines(plan: RunPreview, paint: Paint): string[] {
  const dim = (text: string) => paint('dim', text)
  const asked = [plan.ref && `ref ${plan.ref}`, plan.pr && `pull request ${plan.pr}`].filter(Boolean).join(', ')
  const times = plan.timeouts
  const { host } = plan
  return [
    '',
    `  ${paint('bold', plan.recipe)}${asked ? ` (${asked})` : ''}  ${dim('what a run would do; nothing was touched')}`,
    '',
    ...block('version', [`${plan.version || 'none'} (${short(plan.commit)})`, dim(plan.why)], paint),
    ...block(
      'upgrade from',
      [...plan.bases.map(({ version, commit }) => `${version} (${short(commit)})`), dim(plan.basesWhy)],
      paint,
    ),
    ...block('app', [`${plan.url}/`, `stack ${plan.stack}`], paint),
    '',
    ...block('stages', [...stageLines(plan, paint), dim(`suite ${plan.suite}`)], paint),
    ...block('deployments', deploymentLines(plan), paint),
    ...block('dependencies', plan.dependencies, paint),
    '',
    ...block('compose', [plan.composeFiles.join(', ')], paint),
    ...block('services', serviceLines(plan, paint), paint),
    ...block('secrets', secretLines(plan, paint), paint),
    ...block('configs', objects(plan.configs), paint),
    ...block('volumes', objects(plan.volumes), paint),
    ...block('networks', objects(plan.networks), paint),
    ...block(
      'backup',
      [...backupLines(plan), ...(plan.backup?.warnings ?? []).map((text) => paint('yellow', text))],
      paint,
    ),
    ...block(
      'env',
      columns(Object.entries(plan.env).map(([key, value]) => [key, value.replaceAll('\n', '\\n')])),
      paint,
    ),
    '',
    ...block('ready when', [`${plan.health.path} answers ${plan.health.statuses.join(', ')}`], paint),
    ...block(
      'timeouts',
      [
        `deploy ${times.deploy} s · http ${times.http} s · settle ${times.settle} s · one test ${times.use} s`,
        `teardown ${times.teardown} s · queue ${times.queue} s`,
      ],
      paint,
    ),
    ...block(
      'host',
      [
        `engine ${host.engine}, ${host.docker}, weight ${plan.weight}`,
        ...host.quirks,
        ...host.problems.map((text) => paint('red', text)),
        ...host.unknown.map((text) => paint('yellow', `unknown: ${text}`)),
      ],
      paint,
    ),
    ...(plan.quick ? block('quick', [plan.quick], paint) : []),
    ...block(
      'options',
      Object.entries(plan.customisation).map(([key, value]) =>
        `${key}: ${JSON.stringify(value)}  ${dim(plan.customisationFrom[key] ?? '')}`.trimEnd(),
      ),
      paint,
    ),
    ...block(
      'warnings',
      plan.warnings.map((text) => paint('yellow', text)),
      paint,
    ),
    '',
    ...lintBlock(plan, paint),
    '',
  ]
}
