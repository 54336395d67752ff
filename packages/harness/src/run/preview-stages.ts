import type { LocalTests } from '../recipe/local-tests.ts'
import { NO_LOCAL_TESTS } from '../recipe/local-tests.ts'
import type { OptionsInForce } from '../recipe/options-in-force.ts'
import { type Applicable, notApplicableBecause } from './applicable.ts'
import { declaredEvents } from './declared.ts'
import { type Plan, type Reached, startsAtBase } from './plan.ts'
import type { RunPreview } from './preview-schema.ts'
import { RECIPE_LOCAL, RUN_STAGES, type RunStage, type Stage } from './stages.ts'

export interface StagesRequest extends Applicable {
  inForce: OptionsInForce
  /** The only stages asked for; undefined: all. */
  stages: readonly RunStage[] | undefined
  /** Whether the recipe has a suite of its own, beyond the generic one. */
  ownSuite: boolean
  /** The tests that the recipe's repository ships. */
  local: LocalTests | undefined
}

/** What each stage would come to, as far as that is known before anything is deployed. */
export function previewStages(request: StagesRequest): RunPreview['stages'] {
  const unverified = new Map(
    declaredEvents(request.inForce).flatMap((event) =>
      event.event === 'unverified' ? [[event.stage, event.reason] as const] : [],
    ),
  )
  return RUN_STAGES.map((stage) => {
    if (request.stages && !request.stages.includes(stage)) return { stage, outcome: 'not asked for' }
    if (stage === 'lint') return { stage, outcome: 'runs' }
    const reason = notApplicable(stage, request)
    if (reason) return { stage, outcome: 'not applicable', reason }
    const doubt = unverified.get(stage)
    return doubt ? { stage, outcome: 'unverified', reason: doubt } : { stage, outcome: 'runs' }
  })
}

function notApplicable(stage: Stage, request: StagesRequest): string | undefined {
  const declared = request.inForce.options.notApplicable?.[stage]
  if (declared) return declared
  if (stage === 'custom' && !request.ownSuite) return 'the recipe has no suite of its own'
  if (stage === RECIPE_LOCAL && !request.local) return NO_LOCAL_TESTS
  return notApplicableBecause(stage, request)
}

/** The fresh deployments of a run in which every stage that runs comes to its end. */
export interface PreviewDeployments {
  each: RunPreview['deployments']
  reached: Reached
}

/** What a run deploys afresh, stage by stage. */
export function previewDeployments(
  stages: RunPreview['stages'],
  { plan, version, bases }: { plan: Plan; version: string; bases: readonly string[] },
): PreviewDeployments {
  const reached: Reached = { app: false, upgrades: 0, freshRestores: 0 }
  const each: RunPreview['deployments'] = []
  const asked = stages.filter(({ outcome }) => outcome !== 'not asked for').map(({ stage }) => stage)
  const runs = new Set(stages.filter(({ outcome }) => outcome === 'runs').map(({ stage }) => stage))
  const upgrades = stages.some(({ stage, outcome }) => stage === 'upgrade' && outcome === 'runs')
  const [base] = bases
  // The app for whoever asks first.
  const standing = () => {
    if (each.length > 0) return
    reached.app = true
    if (base !== undefined && startsAtBase(plan, asked, upgrades)) each.push({ purpose: 'upgrade base', version: base })
    else each.push({ purpose: 'install', version })
  }
  if (runs.has('install')) standing()
  if (runs.has('upgrade')) {
    for (const from of plan === 'single' ? bases.slice(0, 1) : bases) {
      reached.upgrades += 1
      if (plan === 'full' || each.length === 0) each.push({ purpose: 'upgrade base', version: from })
    }
  }
  if (runs.has('backup')) {
    standing()
    if (plan === 'full') {
      reached.freshRestores += 1
      each.push({ purpose: 'restore', version })
    }
  }
  if (runs.has('custom') || runs.has(RECIPE_LOCAL)) standing()
  return { each, reached }
}
