import { posix } from 'node:path'
import { isInside, relativeTo } from './backup-paths.ts'
import type { ComposeView, ServiceSpec } from './compose-view.ts'
import { nearest } from './source.ts'

/** A volume that is to be backed up. */
export interface BackupVolume {
  /** Its key in the compose files. */
  key: string
  /** Its name in Docker. */
  name: string
  /** A service that mounts it, and where. */
  service: string
  target: string
  /** Relative to the volume's root; `undefined` is all of it. */
  paths: string[] | undefined
}

/** A command to run in a service's container around a backup or restore. */
export interface BackupHookSpec {
  service: string
  when: 'backup.pre' | 'backup.post' | 'restore.pre' | 'restore.post'
  command: string
}

/** What a recipe's backup labels ask for. */
export interface BackupSpec {
  /** The services with `backupbot.backup=true`. */
  services: string[]
  volumes: BackupVolume[]
  /** Keys of the stack's volumes that are not backed up. */
  excluded: string[]
  hooks: BackupHookSpec[]
  generation: 'v1' | 'v2' | 'mixed'
  warnings: string[]
}

const ROOT = 'backupbot.backup'
const VOLUME_LABEL = /^backupbot\.backup\.volumes\.(.+?)(\.path)?$/
const HOOKS = [
  ['backupbot.backup.pre-hook', 'backup.pre'],
  ['backupbot.backup.post-hook', 'backup.post'],
  ['backupbot.restore.pre-hook', 'restore.pre'],
  ['backupbot.restore.post-hook', 'restore.post'],
] as const

const isOn = (value: string | undefined): boolean => /^(true|yes|on|y|1)$/i.test(value?.trim() ?? '')
const isOff = (value: string | undefined): boolean => /^(false|no|off|n|0|)$/i.test(value?.trim() ?? '')
const commaList = (value: string): string[] =>
  value
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean)

interface Mounted {
  key: string
  service: string
  target: string
}

/**
 * Reads a recipe's backup labels, of both generations of the bot:
 * - v2 (backup-bot-two): all volumes of the stack are backed up unless `backupbot.backup.volumes.<volume>=false`;
 *   `….volumes.<volume>.path=a,b` limits one to paths inside it.
 * - v1: `backupbot.backup.path=/data,/etc/x` names paths in the container, and only what they cover is backed up;
 *   `backupbot.backup.command` is a pre-hook.
 * Where both stand side by side, v2 decides about volumes. Hooks may be on any service. External volumes are left alone.
 *
 * @returns `undefined` when no service has `backupbot.backup` switched on: the recipe cannot be backed up.
 */
export function backupSpec(compose: ComposeView): BackupSpec | undefined {
  const all = Object.values(compose.services)
  const enabled = all.filter((service) => isOn(service.deployLabels[ROOT]))
  if (enabled.length === 0) return undefined
  const generation = generationOf(all)
  const warnings = generalWarnings(all, enabled)
  const mounts = mountsOf([...enabled, ...all], compose, warnings)
  const chosen = generation === 'v1' ? chooseV1(enabled, mounts, warnings) : chooseV2(all, mounts, warnings)
  if (generation === 'mixed')
    warnings.push(`${ROOT}.path is of the bot's first generation and ignored beside ${ROOT}.volumes…`)
  const volumes = mounts.flatMap((mount) => {
    const paths = chosen.get(mount.key)
    const name = compose.volumes[mount.key]?.name ?? mount.key
    return paths === false ? [] : [{ ...mount, name, paths }]
  })
  const excluded = mounts.filter(({ key }) => chosen.get(key) === false).map(({ key }) => key)
  const services = enabled.map((service) => service.name)
  return { services, volumes, excluded, hooks: all.flatMap(hooksOf), generation, warnings }
}

function generationOf(services: ServiceSpec[]): BackupSpec['generation'] {
  const labels = services.flatMap((service) => Object.keys(service.deployLabels))
  const first = labels.some((label) => label === `${ROOT}.path` || label === `${ROOT}.command`)
  const second = labels.some((label) => VOLUME_LABEL.test(label) || label.startsWith('backupbot.restore.'))
  if (first) return second ? 'mixed' : 'v1'
  return 'v2'
}

function generalWarnings(all: ServiceSpec[], enabled: ServiceSpec[]): string[] {
  const warnings: string[] = []
  if (enabled.length > 1) {
    const names = enabled.map((service) => service.name).join(', ')
    warnings.push(`${ROOT} is set on several services (${names}); the specification wants it on one.`)
  }
  for (const { name, deployLabels, strayLabels } of all) {
    const value = deployLabels[ROOT]
    if (!isOn(value) && !isOff(value)) warnings.push(`${name}: ${ROOT} is "${value}", which is neither true nor false.`)
    const stray = Object.keys(strayLabels).filter((label) => label.startsWith('backupbot.'))
    if (stray.length > 0) warnings.push(`${name}: outside deploy: and therefore ignored: ${stray.join(', ')}.`)
  }
  return warnings
}

/** Each volume of the stack that is mounted, once, with the first service that mounts it. */
function mountsOf(services: ServiceSpec[], compose: ComposeView, warnings: string[]): Mounted[] {
  const mounts = new Map<string, Mounted>()
  for (const service of services) {
    for (const { source, target, type } of service.volumes) {
      if (type !== 'volume' || source === '' || mounts.has(source)) continue
      mounts.set(source, { key: source, service: service.name, target })
    }
  }
  return [...mounts.values()].filter(({ key }) => {
    const { external } = compose.volumes[key] ?? {}
    if (external) warnings.push(`The volume "${key}" is external: it is not the stack's own and not backed up.`)
    return !external
  })
}

/** What is saved of each volume: some paths, all (`undefined`) or nothing (`false`). */
type Choice = Map<string, string[] | undefined | false>

function chooseV2(services: ServiceSpec[], mounts: Mounted[], warnings: string[]): Choice {
  const choice: Choice = new Map()
  const keys = mounts.map(({ key }) => key)
  for (const { name, deployLabels } of services) {
    for (const [label, value] of Object.entries(deployLabels)) {
      const [, key, path] = VOLUME_LABEL.exec(label) ?? []
      if (key === undefined) continue
      if (!keys.includes(key)) {
        const [close] = nearest(key, keys)
        warnings.push(`${name}: ${label} names no volume of the stack.${close ? ` The nearest: ${close}.` : ''}`)
      } else if (!path) {
        if (isOff(value)) choice.set(key, false)
      } else if (choice.get(key) !== false) {
        choice.set(key, joined(choice.get(key) || [], commaList(value).map(normal)))
      }
    }
  }
  return choice
}

/** A path relative to the volume's root, however it was written; the root itself is ''. */
const normal = (path: string): string =>
  posix
    .normalize(path)
    .replace(/^\/+|\/+$/g, '')
    .replace(/^\.$/, '')

const joined = (a: string[], b: string[]): string[] | undefined => {
  const paths = [...new Set([...a, ...b])]
  return paths.length === 0 || paths.includes('') ? undefined : paths
}

function chooseV1(enabled: ServiceSpec[], mounts: Mounted[], warnings: string[]): Choice {
  const choice: Choice = new Map(mounts.map(({ key }) => [key, false]))
  for (const service of enabled) {
    for (const path of commaList(service.deployLabels[`${ROOT}.path`] ?? '').map(posix.normalize)) {
      const own = service.volumes.filter(({ source, type }) => type === 'volume' && choice.has(source))
      const whole = own.filter(({ target }) => isInside(target, path))
      const part = own
        .filter(({ target }) => isInside(path, target))
        .sort((a, b) => b.target.length - a.target.length)[0]
      for (const { source } of whole) choice.set(source, undefined)
      if (whole.length > 0) continue
      if (!part) warnings.push(`${service.name}: ${ROOT}.path ${path} is in no volume and cannot be backed up.`)
      else {
        const before = choice.get(part.source)
        // Once the whole volume is in, a part of it adds nothing.
        if (before !== undefined) choice.set(part.source, [...(before || []), relativeTo(part.target, path)])
      }
    }
  }
  return choice
}

function hooksOf({ name, deployLabels }: ServiceSpec): BackupHookSpec[] {
  const hooks = HOOKS.flatMap(([label, when]) => {
    const command = deployLabels[label]?.trim()
    return command ? [{ service: name, when, command }] : []
  })
  const command = deployLabels[`${ROOT}.command`]?.trim()
  const hasPre = hooks.some(({ when }) => when === 'backup.pre')
  return command && !hasPre ? [{ service: name, when: 'backup.pre', command }, ...hooks] : hooks
}
