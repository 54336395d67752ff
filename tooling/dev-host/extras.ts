/** What a dev host has only where `up --with <name>` has asked for it: its images, its sample recipe, and the app itself. */
export const EXTRAS = ['keycloak'] as const

export type Extra = (typeof EXTRAS)[number]

export const isExtra = (name: string): name is Extra => (EXTRAS as readonly string[]).includes(name)
