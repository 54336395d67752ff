import type { Dependency } from '../recipe/options.ts'
import type { OptionsInForce } from '../recipe/options-in-force.ts'
import { SHIPPED_OPTIONS } from '../recipe/shipped-options.ts'
import type { JournalEvent } from './journal.ts'
import { STAGES } from './stages.ts'

/** What other apps this version of cc-ci can provide. */
const PROVIDED: readonly Dependency[] = ['keycloak']

/**
 * What a run must say of its options at once: stages that the recipe itself declares not applicable (the runner knows only
 * its suite's), what one file overrules of another, and what is declared that this version of cc-ci has no means for.
 */
export function declaredEvents({ options, origins, overruled }: OptionsInForce): JournalEvent[] {
  const declared = origins.notApplicable === SHIPPED_OPTIONS ? options.notApplicable : undefined
  const missing = (options.dependencies ?? []).filter((one) => !PROVIDED.includes(one))
  const lacks = `this version of cc-ci cannot provide ${missing.join(', ')}, which ${origins.dependencies} declares as a dependency`
  const warning = (text: string): JournalEvent => ({ event: 'warning', text })
  return [
    ...STAGES.flatMap((stage): JournalEvent[] => {
      const reason = declared?.[stage]
      return reason ? [{ event: 'not-applicable', stage, reason }] : []
    }),
    ...overruled.map((key) => warning(`${key} of ${SHIPPED_OPTIONS} is overruled by the suite's recipe.ts`)),
    ...(missing.length > 0
      ? [
          { event: 'unverified', stage: 'custom', reason: lacks } as const,
          warning(`${lacks}: what needs it is not tested`),
        ]
      : []),
  ]
}
