import { KEYCLOAK, type SharedAppSetting, type SharedAppSpec } from '@cc-ci/harness'

/** What a dev host has only where `up --with <name>` has asked for it: its images, its sample recipe, and a shared app itself. */
export const EXTRAS = ['keycloak', 'proxy', 'n8n', 'minio'] as const

export type Extra = (typeof EXTRAS)[number]

export const isExtra = (name: string): name is Extra => (EXTRAS as readonly string[]).includes(name)

/** Those of them that are shared apps, each of the sample recipe of its name. */
export const SHARED_APPS = {
  keycloak: { title: 'Warm Keycloak', stateful: true, health: KEYCLOAK.health },
  proxy: { title: 'Warm proxy', stateful: false, health: { path: '/healthz', statuses: [200] } },
} satisfies Partial<Record<Extra, Pick<SharedAppSpec, 'stateful' | 'health'> & { title: string }>>

export type SharedExtra = keyof typeof SHARED_APPS

/** The shared apps among what was asked for. */
export const sharedAmong = (extras: readonly Extra[] = []): SharedExtra[] =>
  extras.filter((extra): extra is SharedExtra => extra in SHARED_APPS)

/** The same as the setting `sharedApps`. */
export const sharedAppSettings = (extras: readonly Extra[]): SharedAppSetting[] =>
  sharedAmong(extras).map((recipe) => {
    const { stateful, health } = SHARED_APPS[recipe]
    return { recipe, stateful, health: { path: health.path, statuses: [...health.statuses] } }
  })
