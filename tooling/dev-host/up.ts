import { mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dockerClient, keycloakFile, type Settings } from '@cc-ci/harness'
import type Docker from 'dockerode'
import { certificateFiles, ensureCertificate } from './certificate.ts'
import { ensureChromium } from './chromium.ts'
import { ensureEngine } from './engine.ts'
import { type Extra, SHARED_APPS, sharedAmong, sharedAppSettings } from './extras.ts'
import { readHost, recordMade, writeHost } from './host.ts'
import { ensureImage, planImages } from './images.ts'
import { devHostPaths } from './paths.ts'
import { proxyListen } from './port.ts'
import { preflight } from './preflight.ts'
import { checkProxyPlace, ensureProxy, PROXY_CONTAINER } from './proxy-container.ts'
import { ensureRecipes, SAMPLES, sampleRecipes } from './recipes.ts'
import { ensureRouter } from './router-process.ts'
import { ensureExtra } from './shared-apps.ts'
import type { Step } from './step.ts'
import { ensureNetwork, ensureSwarm } from './swarm.ts'

/** A part of `up`: what it is about, and what is done; the answer says in a few words how it went. */
export interface Part {
  title: string
  work(say: (text: string) => void): Promise<string>
}

/**
 * Everything `up` does, in order. Each part looks first and does only what is missing.
 *
 * @param asked what is brought up beside what every dev host has; an `up` that asks for less leaves what others have asked
 *   for as it is.
 */
export async function upParts(settings: Settings, asked: readonly Extra[] = []): Promise<Part[]> {
  const paths = devHostPaths(settings.stateDir)
  const { host, port } = proxyListen(settings.proxyAddress)
  let present: Docker | undefined
  let docker: Docker = dockerClient(settings.dockerHost)
  const step = (say: Step['say']): Step => ({ settings, paths, docker, say })
  const images = await planImages(asked)
  const caddy = images.find(({ name }) => name === 'caddy')
  if (!caddy) throw new Error('there is no proxy image in the plan')

  return [
    {
      title: 'Machine',
      async work() {
        present = await preflight(settings)
        await checkProxyPlace(present, settings)
        for (const folder of [paths.root, paths.proxy]) mkdirSync(folder, { recursive: true, mode: 0o700 })
        return present ? 'fit, with a Docker engine' : 'fit, without a Docker engine'
      },
    },
    {
      title: 'Docker engine',
      async work(say) {
        const engine = await ensureEngine({ settings, paths, say }, present)
        docker = engine.docker
        return engine.how
      },
    },
    { title: 'Swarm', work: (say) => ensureSwarm(step(say)) },
    { title: 'Network', work: (say) => ensureNetwork(step(say)) },
    { title: 'Certificate', work: (say) => ensureCertificate(step(say)) },
    ...images.map((image) => ({
      title: `Image cc-ci/${image.name}`,
      work: (say: Step['say']) => ensureImage(image, step(say)),
    })),
    { title: 'Browser', work: (say) => ensureChromium(step(say)) },
    { title: 'Router', work: (say) => ensureRouter(step(say)) },
    { title: 'Proxy', work: (say) => ensureProxy(step(say), caddy) },
    {
      title: 'Sample recipes',
      async work() {
        const extras = [...new Set([...(readHost(settings.stateDir).made.extras ?? []), ...asked])]
        if (extras.length > 0) recordMade(settings.stateDir, { extras })
        const made = await ensureRecipes(paths.recipes, SAMPLES, extras)
        const count = `${sampleRecipes(SAMPLES, extras).length} there`
        return made.length > 0 ? `${count}, made: ${made.join(', ')}` : count
      },
    },
    {
      title: 'Settings',
      async work() {
        const { made } = readHost(settings.stateDir)
        writeHost(settings.stateDir, {
          settings: {
            dockerHost: settings.dockerHost,
            baseDomain: settings.baseDomain,
            proxyAddress: `${host}:${port}`,
            caFile: certificateFiles(paths.tls).ca,
            proxyNetwork: settings.proxyNetwork,
            proxyContainer: PROXY_CONTAINER,
            recipeSources: [paths.recipes],
            capacity: 2 * availableParallelism(),
            keycloakFile: keycloakFile(settings),
            sharedApps: sharedAppSettings(made.extras ?? []),
          },
          made,
        })
        return `https://<app>.${settings.baseDomain}/ at ${host}:${port}`
      },
    },
    ...sharedAmong(asked).map((extra) => ({
      title: SHARED_APPS[extra].title,
      work: (say: Step['say']) => ensureExtra(extra, docker, say),
    })),
  ]
}
