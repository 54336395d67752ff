import type { Step } from './step.ts'
import { installPackages, isExecutable, isRoot } from './system.ts'

/** Makes a browser be there, if this user can install one. */
export async function ensureChromium({ settings, say }: Pick<Step, 'settings' | 'say'>): Promise<string> {
  if (isExecutable(settings.chromium)) return settings.chromium
  if (!isRoot()) return `missing: browser tests will be refused (as root: apt-get install chromium fonts-liberation)`
  await installPackages(['chromium', 'fonts-liberation'], 'The browser', say)
  if (isExecutable(settings.chromium)) return `${settings.chromium}, installed`
  return `installed, but not at ${settings.chromium}: browser tests will be refused (CCCI_CHROMIUM)`
}
