import { sizeText, took } from '@cc-ci/harness'
import type { SweepRecord, SweptApp, SweptBudget, SweptCanonical, SweptPromotion, SweptRecipe } from './record.ts'

/** How a sweep ended, in a word. */
export const verdictOf = ({ verdict, state }: SweepRecord): string => verdict ?? state

/** A sweep in one line: `red: 1 of 2 recipes green, 1 promoted`. */
export function headline(record: SweepRecord): string {
  const { recipes, skipped, verdict } = record
  if (skipped) return 'skipped: something is going on'
  const green = recipes.filter(({ outcome }) => outcome === 'green').length
  const promoted = recipes.filter(({ promotion }) => promotion?.outcome === 'promoted').length
  const counted = `${green} of ${recipes.length} ${recipes.length === 1 ? 'recipe' : 'recipes'} green`
  return `${verdict ?? 'running'}: ${counted}${promoted > 0 ? `, ${promoted} promoted` : ''}`
}

/** Why a recipe is tested. */
export const ENROLLED_BY: Record<SweptRecipe['enrolledBy'], string> = {
  suite: 'its suite',
  recipe: 'the recipe itself',
  setting: 'the setting sweepRecipes',
}

/** What came of promoting a recipe's run. */
export function promotionText({ outcome, from, why }: SweptPromotion): string {
  if (outcome === 'promoted') return from === undefined ? 'promoted, installed afresh' : `promoted, from ${from}`
  if (outcome === 'already there') return 'its canonical is at this version already'
  return `not promoted (${outcome}): ${why ?? ''}`
}

/** What came of a shared app. */
export function appText({ outcome, version, latest, reason }: SweptApp): string {
  const newest = latest && latest.version !== version?.version ? ` (newest ${latest.version})` : ''
  return `${outcome}${version?.version ? ` at ${version.version}` : ''}${newest}${reason ? `: ${reason}` : ''}`
}

/** What came of a canonical that nobody is enrolled for. */
export const removalText = ({ version, outcome, why }: SweptCanonical): string =>
  `${outcome}${version === undefined ? '' : `, it was at ${version}`}${why ? `: ${why}` : ''}`

/** What came of a budget. */
export function budgetText({ outcome, budget, bytes, freedBytes, removed, overBytes, why }: SweptBudget): string {
  return [
    `${outcome}: ${sizeText(bytes - freedBytes)} of ${sizeText(budget)}`,
    ...(removed.length > 0 ? [`${removed.length} removed, ${sizeText(freedBytes)}`] : []),
    ...(overBytes === undefined ? [] : [`${sizeText(overBytes)} over the budget, all of which must stay`]),
    ...(why ? [why] : []),
  ].join('; ')
}

/** When a sweep began, for a person. */
export const beganText = ({ startedAt }: SweepRecord): string => `${startedAt.slice(0, 16).replace('T', ' ')} UTC`

/** How long it took, if it is over. */
export const durationText = ({ durationMs }: { durationMs?: number | undefined }): string =>
  durationMs === undefined ? '' : took(durationMs)
