import type Docker from 'dockerode'
import { connectSwarm } from '../docker/connect.ts'
import { hasIpvs } from '../docker/ipvs.ts'
import { checkEngine } from '../engine/chosen.ts'
import { quirksOf } from '../engine/swarm/compose-copies.ts'
import { CcciError } from '../errors.ts'
import type { ComposeView } from '../recipe/compose-view.ts'
import type { Settings } from '../settings/schema.ts'
import { preflight } from './preflight.ts'
import type { RunPreview } from './preview-schema.ts'

/** What this host means for a run, and which images are on it. */
export interface PreviewHost {
  host: RunPreview['host']
  /** By image; empty when the engine could not be asked. */
  local: ReadonlyMap<string, boolean>
}

/**
 * Looks at the host as a run does before it begins, and changes nothing. What cannot be looked at is said instead of
 * guessed: without a Docker engine a plan has less to say, and is still one.
 */
export async function previewHost(settings: Settings, compose: ComposeView): Promise<PreviewHost> {
  const problems: string[] = []
  const attempt = async <Value>(look: () => Promise<Value>): Promise<Value | undefined> => {
    try {
      return await look()
    } catch (error) {
      if (!(error instanceof CcciError)) throw error
      problems.push(error.told.happened)
      return undefined
    }
  }
  await attempt(() => checkEngine(settings))
  const docker = await attempt(() => connectSwarm(settings.dockerHost))
  if (docker) {
    await attempt(() => preflight(docker, settings))
    problems.push(...(await missingNetworks(docker, compose)))
  }
  const host = {
    engine: settings.engine,
    docker: settings.dockerHost,
    quirks: quirksOf({ compose, ipvs: hasIpvs(settings) }),
    problems,
    unknown: docker ? [] : ['which images are here', 'which networks are here', 'whether the reverse proxy answers'],
  }
  return { host, local: docker ? await localImages(docker, compose) : new Map() }
}

/** Beside the proxy's, which the look at the host knows. */
async function missingNetworks(docker: Docker, compose: ComposeView): Promise<string[]> {
  const there = new Set(
    (await docker.listNetworks()).filter(({ Scope }) => Scope === 'swarm').map(({ Name }) => Name as string),
  )
  return Object.values(compose.networks)
    .filter(({ name, external }) => external && !there.has(name))
    .map(({ name }) => `The recipe needs the external network "${name}", which is not on this host.`)
}

async function localImages(docker: Docker, compose: ComposeView): Promise<Map<string, boolean>> {
  const images = [...new Set(Object.values(compose.services).map(({ image }) => image))]
  const looks = images.map(async (image): Promise<[string, boolean]> => {
    try {
      await docker.getImage(image).inspect()
      return [image, true]
    } catch {
      return [image, false]
    }
  })
  return new Map(await Promise.all(looks))
}
