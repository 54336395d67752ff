import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { type Helper, type HelperOptions, openHelper } from '../docker/helper.ts'
import { probeTools } from './pack.ts'

/** Where our folder stands in the helper. */
export const SHARED = '/snapshot'

const PROOF = 'proof'

type PackerOptions = HelperOptions & { signal: AbortSignal }

/**
 * Opens a helper that can pack, and has our folder at {@link SHARED} when the engine works on the same files as we do. No
 * address says whether it does (a socket may lead into another machine or container): what one writes there must be read by
 * the other, both ways.
 *
 * @throws {SnapshotToolsMissingError}
 */
export async function openPacker(
  docker: Docker,
  folder: string,
  options: PackerOptions,
): Promise<{ helper: Helper; shared: boolean }> {
  let helper: Helper
  try {
    helper = await openHelper(docker, { ...options, folders: [{ source: folder, target: SHARED }] })
  } catch {
    // The engine sees no such folder; whatever else is wrong is wrong without it, too.
    return { helper: await openUnshared(docker, options), shared: false }
  }
  try {
    const [shared] = await Promise.all([
      isShared(helper, folder, options.signal),
      probeTools(helper, options.image, options.signal),
    ])
    return { helper, shared }
  } catch (error) {
    await helper.close()
    throw error
  }
}

async function openUnshared(docker: Docker, options: PackerOptions): Promise<Helper> {
  const helper = await openHelper(docker, options)
  try {
    await probeTools(helper, options.image, options.signal)
    return helper
  } catch (error) {
    await helper.close()
    throw error
  }
}

async function isShared(helper: Helper, folder: string, signal: AbortSignal): Promise<boolean> {
  const file = join(folder, PROOF)
  const ours = randomBytes(16).toString('hex')
  const theirs = randomBytes(16).toString('hex')
  writeFileSync(file, ours, { mode: 0o600 })
  try {
    const script = '[ "$(cat "$1")" = "$2" ] && printf %s "$3" > "$1"'
    const { exitCode } = await helper.exec(['sh', '-c', script, 'sh', join(SHARED, PROOF), ours, theirs], { signal })
    return exitCode === 0 && readFileSync(file, 'utf8') === theirs
  } finally {
    rmSync(file)
  }
}
