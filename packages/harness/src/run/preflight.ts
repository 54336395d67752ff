import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import type Docker from 'dockerode'
import { ProxyUnreachableError } from '../app/ready.ts'
import { HelperImageMissingError } from '../docker/helper.ts'
import { CcciError, messageOf } from '../errors.ts'
import type { Settings } from '../settings/schema.ts'
import { checkDisk } from './disk.ts'

/** The reverse proxy's network is not there. */
export class ProxyNetworkError extends CcciError {}

/** The authority that signed the proxy's certificate cannot be read. */
export class CaFileError extends CcciError {}

/**
 * Checks what a run needs of the host, before anything is touched.
 *
 * @throws {DiskFullError | ProxyNetworkError | HelperImageMissingError | CaFileError | ProxyUnreachableError}
 */
export async function preflight(docker: Docker, settings: Settings): Promise<void> {
  await checkDisks(docker, settings)
  await checkNetwork(docker, settings)
  await checkHelperImage(docker, settings.helperImage)
  if (settings.caFile) await checkAuthority(settings.caFile)
  if (settings.proxyAddress) await checkProxy(settings.proxyAddress)
}

async function checkDisks(docker: Docker, { stateDir, dockerHost, minFreeDisk }: Settings): Promise<void> {
  await checkDisk(stateDir, minFreeDisk)
  const { DockerRootDir: dockerRoot } = (await docker.info()) as { DockerRootDir?: string }
  if (dockerRoot && dockerHost.startsWith('unix://')) await checkDisk(dockerRoot, minFreeDisk)
}

async function checkHelperImage(docker: Docker, image: string): Promise<void> {
  try {
    await docker.getImage(image).inspect()
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) throw error
    throw new HelperImageMissingError(image, error)
  }
}

async function checkNetwork(docker: Docker, settings: Settings): Promise<void> {
  const networks = await docker.listNetworks({ filters: { name: [settings.proxyNetwork], scope: ['swarm'] } })
  if (networks.some((network) => network.Name === settings.proxyNetwork)) return
  throw new ProxyNetworkError({
    happened: `There is no overlay network "${settings.proxyNetwork}" on this host.`,
    todo: 'On a developer machine: npm run dev-host -- up. On a host: deploy the proxy first.',
  })
}

async function checkAuthority(file: string): Promise<void> {
  try {
    new X509Certificate(await readFile(file))
  } catch (error) {
    throw new CaFileError({
      happened: `The authority that signed the proxy's certificate cannot be read from ${file}.`,
      lastSeen: messageOf(error),
      todo: 'On a developer machine: npm run dev-host -- up. Elsewhere set CCCI_CA_FILE to a PEM file, or leave it out when the certificate is publicly trusted.',
      cause: error,
    })
  }
}

async function checkProxy(address: string): Promise<void> {
  const at = address.lastIndexOf(':')
  const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)), timeout: 5_000 })
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
      socket.once('timeout', () => reject(new Error('no connection within 5 s')))
    })
  } catch (error) {
    throw new ProxyUnreachableError({
      happened: `The reverse proxy does not answer at ${address}.`,
      lastSeen: (error as Error).message,
      todo: 'npm run dev-host -- status tells what is missing; npm run dev-host -- up brings it back.',
      cause: error,
    })
  } finally {
    socket.destroy()
  }
}
