import { makeBadge } from 'badge-maker'
import type { RecipeView } from './index/recipes.ts'

const LABEL = 'cc-ci'
const COLOURS = { green: '#1f8a4c', red: '#b8281f', grey: '#6b7280' } as const
const BY_LEVEL = ['#b8281f', '#a85a12', '#8f6d00', '#5f7a12', '#2f7d32', '#1f8a4c'] as const

const quickly = (view: RecipeView | undefined): string => (view?.standing?.mode === 'quick' ? ' (quick)' : '')

/** The badge of a recipe's standing. One that nothing was said about is told to be unknown, not refused: a page that shows it breaks otherwise. */
export function statusBadge(view: RecipeView | undefined): string {
  const status = view?.standing?.status
  const [message, color] =
    status === 'green'
      ? ['passing', COLOURS.green]
      : status === 'red'
        ? ['failing', COLOURS.red]
        : ['unknown', COLOURS.grey]
  return makeBadge({ label: LABEL, message: `${message}${quickly(view)}`, color })
}

/** The badge of a recipe's level. */
export function levelBadge(view: RecipeView | undefined): string {
  const level = view?.standing?.level
  if (level === undefined) return makeBadge({ label: `${LABEL} level`, message: 'unknown', color: COLOURS.grey })
  return makeBadge({
    label: `${LABEL} level`,
    message: `${level} of 5${quickly(view)}`,
    color: BY_LEVEL[level] ?? COLOURS.grey,
  })
}
