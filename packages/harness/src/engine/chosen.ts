import { dirname, join } from 'node:path'
import type Docker from 'dockerode'
import type { Backup } from '../backup/backup.ts'
import { openBackupBot } from '../backup/backupbot/backupbot.ts'
import { SettingsError } from '../settings/load.ts'
import type { Settings } from '../settings/schema.ts'
import { abraEnvFile, checkAbraHost } from './abra/abra-dir.ts'
import { AbraEngine } from './abra/abra-engine.ts'
import type { DeployEngine, EngineApp } from './engine.ts'
import { SwarmEngine } from './swarm/swarm-engine.ts'

/** Makes the engine that deploys a run's app. */
export type EngineFactory = (docker: Docker, settings: Settings) => DeployEngine

/** The engine that the settings ask for. */
export const chosenEngine: EngineFactory = (docker, settings) =>
  settings.engine === 'abra' ? new AbraEngine(docker, settings) : new SwarmEngine(docker, settings)

/**
 * Checks that the engine of the settings can work here, before anything is touched.
 *
 * @throws {AbraMissingError | SettingsError}
 */
export async function checkEngine(settings: Settings): Promise<void> {
  if (settings.engine === 'abra') return await checkAbraHost(settings)
  if (settings.backup === 'restic') return
  throw new SettingsError({
    happened: 'CCCI_BACKUP is "backupbot", and the engine is the built-in one: the bot is called through abra.',
    todo: 'Set CCCI_ENGINE=abra, too, or leave CCCI_BACKUP at restic.',
  })
}

/** Where the app's `.env` is for the engine of the settings; abra's stands in a folder that others use, outside the run's. */
export const envFileFor = (settings: Settings, scopeFolder: string, domain: string): string =>
  settings.engine === 'abra' ? abraEnvFile(settings, domain) : join(scopeFolder, 'servers', 'default', `${domain}.env`)

/** What the record is to say of these settings, given the changes that the host needs of the recipe's files. */
export function engineQuirks(settings: Settings, changes: readonly string[]): string[] {
  if (settings.engine === 'swarm') return []
  const chaos = ', published versions in chaos, too: only so does it take changed compose files'
  return [
    `deployed by abra${changes.length > 0 ? chaos : ''}`,
    ...(settings.backup === 'backupbot' ? ['backups made by backup-bot-two'] : []),
  ]
}

/** The bot that the settings ask for, as the maker of an app's backups; `undefined` where that is the built-in restic. */
export function chosenBackupBot(
  docker: Docker,
  settings: Settings,
  app: Pick<EngineApp, 'checkout' | 'domain'>,
  labels: Record<string, string>,
): Backup | undefined {
  if (settings.backup === 'restic') return undefined
  const { abra, dockerHost, abraBackup: create, abraRestore: restore, helperImage: image } = settings
  const dir = dirname(dirname(app.checkout.dir))
  const commands = { create, restore }
  return openBackupBot(docker, { abra: { abra, dockerHost, dir }, domain: app.domain, commands, image, labels })
}
