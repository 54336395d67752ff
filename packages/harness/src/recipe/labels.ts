import type { ComposeView } from './compose-view.ts'

function appLabel(compose: ComposeView, stack: string, name: string): string | undefined {
  return compose.services.app?.deployLabels[`coop-cloud.${stack}.${name}`]?.trim() || undefined
}

/**
 * The version that a recipe claims: the label `coop-cloud.<stack>.version` of its service `app`. `undefined` when it is
 * absent or empty; it may be no recipe version (see `parseVersion`).
 */
export function versionLabel(compose: ComposeView, stack: string): string | undefined {
  return appLabel(compose, stack, 'version')
}

/** How long abra waits for the app to come up, in seconds: the label `coop-cloud.<stack>.timeout`; `undefined` when it is no number. */
export function timeoutLabel(compose: ComposeView, stack: string): number | undefined {
  const seconds = Number(appLabel(compose, stack, 'timeout') ?? Number.NaN)
  return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined
}
