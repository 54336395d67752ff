import { join } from 'node:path'
import { CcciError, isExecutable, messageOf, run, UsageError } from '@cc-ci/harness'

/** Something must be installed and this user may not. */
export class NotRootError extends UsageError {}

/** Debian's package manager could not install what is needed. */
class PackagesError extends CcciError {}

/** Administrators' programs are not on every user's PATH. */
const SYSTEM_PATHS = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** The path of a program, or nothing when it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(':').filter(Boolean), ...SYSTEM_PATHS]
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

export const isRoot = (): boolean => process.getuid?.() === 0

let listsAreFresh = false

/**
 * Installs Debian packages, with fresh package lists and without their recommendations.
 *
 * @throws {NotRootError | PackagesError}
 */
export async function installPackages(packages: string[], why: string, say: (text: string) => void): Promise<void> {
  if (!isRoot()) {
    throw new NotRootError({
      happened: `${why} needs packages that are not installed, and only root can install them.`,
      todo: `Run this as root, or let an administrator run: apt-get install ${packages.join(' ')}`,
    })
  }
  if (!findProgram('apt-get')) {
    throw new PackagesError({
      happened: `${why} needs packages that are not installed, and there is no apt-get on this system.`,
      todo: `Install what Debian calls: ${packages.join(' ')}`,
    })
  }
  const options = {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    timeoutMs: 15 * 60_000,
    onLine: say,
  }
  const waitForOthers = ['-o', 'DPkg::Lock::Timeout=300']
  try {
    if (!listsAreFresh) await run('apt-get', [...waitForOthers, 'update'], options)
    listsAreFresh = true
    await run('apt-get', [...waitForOthers, 'install', '-y', '--no-install-recommends', ...packages], options)
  } catch (error) {
    throw new PackagesError({
      happened: `${why} needs the packages ${packages.join(', ')}, and they could not be installed.`,
      lastSeen: messageOf(error),
      todo: 'Check the network and the sources in /etc/apt, then try again.',
      cause: error,
    })
  }
}
