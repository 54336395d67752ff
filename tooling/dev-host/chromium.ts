import { isExecutable } from '@cc-ci/harness'
import type { Step } from './step.ts'
import { installPackages, isRoot } from './system.ts'

/** Chromium without a user interface. */
const PACKAGES = ['chromium-headless-shell', 'fonts-liberation']

/** Makes a browser be there, if this user can install one. */
export async function ensureChromium({ settings, say }: Pick<Step, 'settings' | 'say'>): Promise<string> {
  if (isExecutable(settings.chromium)) return settings.chromium
  if (!isRoot()) return `missing: browser tests will be refused (as root: apt-get install ${PACKAGES.join(' ')})`
  await installPackages(PACKAGES, 'The browser', say)
  if (isExecutable(settings.chromium)) return `${settings.chromium}, installed`
  return `installed, but not at ${settings.chromium}: browser tests will be refused (CCCI_CHROMIUM)`
}
