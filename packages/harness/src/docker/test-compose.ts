import { stringify } from 'yaml'
import { run } from '../process/run.ts'

/** Hands the services of a test to swarm as they are given, without waiting for anything. */
export async function deployTestServices(stack: string, services: Record<string, object>): Promise<void> {
  const compose = stringify({
    version: '3.8',
    services: Object.fromEntries(
      Object.entries(services).map(([name, service]) => {
        const { deploy, ...rest } = service as { deploy?: object }
        return [name, { ...rest, deploy: { endpoint_mode: 'dnsrr', ...deploy } }]
      }),
    ),
  })
  await run('docker', ['stack', 'deploy', '--resolve-image', 'never', '-c', '-', stack], {
    // What the tests write is for the shell in the container, not for docker.
    input: compose.replaceAll('$', '$$$$'),
  })
}
