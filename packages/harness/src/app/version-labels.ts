import type { Target } from '../engine/engine.ts'

/** What the labels of an app's service `app` say about what runs. */
export interface VersionLabels {
  version: string
  chaos: boolean
  /** The short commit of a chaos deployment, with `+U` when its working tree was changed. */
  chaosVersion: string
}

/** Reads them. */
export function versionLabels(labels: Record<string, string>, stack: string): VersionLabels {
  const label = (name: string): string => labels[`coop-cloud.${stack}.${name}`] ?? ''
  return { version: label('version'), chaos: label('chaos') === 'true', chaosVersion: label('chaos-version') }
}

/**
 * Whether what runs is what was deployed. A published version shows its label, and nothing of chaos. A working tree shows
 * its commit, and `+U` only where the engine says that it changed the tree itself (`Deployed.chaosVersion`).
 */
export function runsTarget(labels: VersionLabels, target: Target, chaosVersion: string | undefined): boolean {
  const wanted = chaosVersion ?? (target.tag ? undefined : target.commit.slice(0, 8))
  if (wanted === undefined) return !labels.chaos && labels.version === target.version
  return labels.chaos && labels.chaosVersion === wanted
}
