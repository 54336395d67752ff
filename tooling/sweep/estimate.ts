import { previousDurations, type RecipeOptions } from '@cc-ci/harness'

/** How long one recipe takes, and how much of the host's capacity. */
export interface Load {
  durationMs: number
  weight: number
}

/** How long the last whole, green run of a recipe took on this host, in milliseconds. */
export function lastDuration(stateDir: string, recipe: string, { plan = 'full' }: RecipeOptions): number | undefined {
  return previousDurations(stateDir, recipe).total(plan, undefined)
}

/**
 * How long runs take that begin one after the other as soon as there is capacity for them, in milliseconds: a heavy one is not
 * overtaken by those behind it.
 */
export function makespan(loads: readonly Load[], capacity: number): number {
  let now = 0
  let running: { until: number; weight: number }[] = []
  const used = () => running.reduce((sum, { weight }) => sum + weight, 0)
  for (const { durationMs, weight } of loads) {
    const wanted = Math.min(weight, capacity)
    while (used() + wanted > capacity) {
      now = Math.min(...running.map(({ until }) => until))
      running = running.filter(({ until }) => until > now)
    }
    running.push({ until: now + durationMs, weight: wanted })
  }
  return Math.max(0, ...running.map(({ until }) => until))
}
