import { isMapping } from '../compose/document.ts'
import type { LintFinding } from './report.ts'
import type { LintContext, Rule } from './rule.ts'
import { deployLabelsOf, entriesOf, pairsOf } from './tree.ts'

/** What only looks at the labels of the swarm service, so that elsewhere such a label has no effect. */
const READ_FROM_DEPLOY = /^(traefik|coop-cloud|backupbot|swarm\.cronjob)\./

function healthchecks({ tree }: LintContext): LintFinding[] | { skipped: string } {
  const { view } = tree
  if (!view) return { skipped: 'the compose files cannot be loaded (R009)' }
  const services = entriesOf(tree.files, 'services')
  return Object.values(view.services)
    .filter(({ hasHealthcheck }) => !hasHealthcheck)
    .map(({ name }) => {
      const entry = services.find(({ key }) => key === name)
      return {
        what: `The service "${name}" has no healthcheck.`,
        file: entry?.file.file,
        line: entry?.line,
        todo: 'Add one: without it, a container counts as up as soon as it is started.',
      }
    })
}

function routing({ tree }: LintContext): LintFinding[] | { skipped: string } {
  if (tree.text === undefined) return { skipped: 'there is no .env.sample (R008)' }
  if (tree.sample.values.DOMAIN === undefined) return { skipped: 'there is no DOMAIN in .env.sample' }
  const enabled = entriesOf(tree.files, 'services').some((entry) =>
    deployLabelsOf(entry).some(([key, value]) => key === 'traefik.enable' && value.trim() === 'true'),
  )
  if (enabled) return []
  return [
    {
      what: 'No service is routed to: none has the label traefik.enable=true under deploy.',
      todo: 'Add traefik.enable=true and the router’s labels under deploy: of the service that serves the app.',
    },
  ]
}

function strayLabels({ tree }: LintContext): LintFinding[] {
  return entriesOf(tree.files, 'services').flatMap((entry) => {
    const deployed = new Set(deployLabelsOf(entry).map(([key]) => key))
    const stray = pairsOf(entry.data.labels).filter(([key]) => READ_FROM_DEPLOY.test(key) && !deployed.has(key))
    const [first] = stray
    if (!first) return []
    return [
      {
        what: `${entry.key}: nothing reads these labels outside deploy: ${stray.map(([key]) => key).join(', ')}.`,
        file: entry.file.file,
        line: entry.file.doc.lineOf([...entry.path, 'labels', first[2]]),
        todo: isMapping(entry.data.deploy)
          ? 'Move them under deploy: labels: of the service.'
          : 'Put them under deploy: labels: (the service has no deploy: at all).',
      },
    ]
  })
}

export const serviceRules: Rule[] = [
  { id: 'R002', level: 'warn', title: 'every service has a healthcheck', check: healthchecks },
  { id: 'R010', level: 'error', title: 'traefik routes to a service', check: routing },
  { id: 'C013', level: 'error', title: 'labels that are read stand under deploy', check: strayLabels },
]
