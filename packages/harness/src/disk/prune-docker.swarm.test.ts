import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Docker from 'dockerode'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { dockerClient } from '../docker/connect.ts'
import { HOST_LABEL, RUN_LABEL } from '../docker/labels.ts'
import { OwnEngine } from '../docker/test-engine.ts'
import { fetchImages } from '../engine/images.ts'
import { CapacityError, type CapacityRequest, takeCapacity } from '../run/capacity.ts'
import { capacityInUse } from '../run/capacity-queue.ts'
import { keep } from '../scope/kept.ts'
import { tryLease } from '../scope/lease.ts'
import { placeOrder } from '../scope/order.ts'
import { holderProcess } from '../scope/test-holder.ts'
import { loadSettings } from '../settings/load.ts'
import { convergingServices } from './converging.ts'
import { capacityFolder } from './live.ts'
import { type DockerPruneRequest, type DockerPruning, pruneDocker } from './prune-docker.ts'
import { watchDocker } from './test-docker.ts'
import { loadTestImage } from './test-image.ts'
import { openTestRegistry } from './test-registry.ts'

const LONG_AGO = '2020-01-02T03:04:05Z'

// An engine that is pruned must be nobody else's: only root can start one.
describe.runIf(process.getuid?.() === 0)('pruning Docker', () => {
  let engine: OwnEngine
  let docker: Docker
  let image: string
  let root: string
  /** A name that only this test has. */
  let unique: string
  beforeAll(async () => {
    image = (await loadSettings()).helperImage
    engine = await OwnEngine.open([image])
    docker = dockerClient(engine.dockerHost)
  })
  afterAll(() => engine?.[Symbol.asyncDispose]())
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'ccci-prune-'))
    unique = `test-${randomBytes(3).toString('hex')}`
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(root, { recursive: true })
  })

  const leases = () => join(root, 'leases')

  const prune = (changes: Partial<DockerPruneRequest> = {}): Promise<DockerPruning> =>
    pruneDocker({
      docker,
      dockerHost: engine.dockerHost,
      leases: leases(),
      scopes: join(root, 'scopes'),
      baseDomain: 'ci.localhost',
      pruneAt: 0,
      log: join(root, 'prune.jsonl'),
      ...changes,
    })

  const watched = async (sabotage?: 'fail' | 'wait') => {
    const watch = await watchDocker(root, sabotage)
    vi.stubEnv('PATH', watch.path)
    return watch
  }

  const has = async (id: string) => (await docker.listImages()).some(({ Id }) => Id === id)

  const commands = () => {
    const call = (what: string) => `${engine.dockerHost} docker ${what} prune -f --filter until=24h`
    return ['container', 'image', 'builder'].map(call)
  }

  const capacity = (changes: Partial<CapacityRequest> = {}): CapacityRequest => {
    const folder = capacityFolder(leases())
    return { folder, runId: 'a-run', what: 'custom-html', weight: 1, capacity: 64, timeoutMs: 0, ...changes }
  }

  test('removes what is old and has no name, by exactly these commands; names and volumes stay', async () => {
    const tagged = await loadTestImage(engine, LONG_AGO, `${unique}:base`)
    const canonical = await loadTestImage(engine, LONG_AGO, `registry.example/${unique}/warm:1.2.3`)
    const dangling = await loadTestImage(engine, LONG_AGO)
    const young = await loadTestImage(engine, new Date().toISOString())
    const used = await loadTestImage(engine, LONG_AGO)
    for (const name of ['data', 'idle']) await docker.createVolume({ Name: `warm-${unique}_${name}` })
    const anonymous = await engine.docker('volume', 'create')
    await engine.docker('create', '--name', `${unique}-young`, '--network', 'none', used, '/marker')
    const data = `warm-${unique}_data:/data`
    await engine.docker('create', '--name', `${unique}-old`, '--network', 'none', '--volume', data, used, '/marker')
    await age(`${unique}-old`)
    const watch = await watched()

    const pruning = await prune()
    expect(pruning, JSON.stringify(pruning)).toMatchObject({ outcome: 'pruned', gates: [] })
    expect(watch.calls()).toEqual(commands())
    expect(await has(dangling)).toBe(false)
    expect(await Promise.all([tagged, canonical, young, used].map(has))).toEqual([true, true, true, true])
    const containers = await docker.listContainers({ all: true })
    const names = containers.map(({ Names: [name] }) => name?.slice(1)).filter((name) => name?.startsWith(unique))
    expect(names).toEqual([`${unique}-young`])
    const volumes = (await docker.listVolumes()).Volumes.map(({ Name }) => Name)
    expect(volumes).toEqual(expect.arrayContaining([`warm-${unique}_data`, `warm-${unique}_idle`, anonymous]))

    const [ofContainers, ofImages] = pruning.commands
    expect(ofContainers?.removed).toHaveLength(1)
    expect(ofImages?.removed).toContain(`deleted: ${dangling}`)
    expect(ofImages?.freedBytes).toBeGreaterThan(0)
    const line = JSON.parse(readFileSync(join(root, 'prune.jsonl'), 'utf8')) as object
    expect(line).toMatchObject({ at: expect.stringMatching(/Z$/), ...pruning })
    await docker.getContainer(`${unique}-young`).remove()
  })

  /** Makes a container one of long ago, which only the engine itself writes down. */
  async function age(name: string): Promise<void> {
    const { Id: id } = await docker.getContainer(name).inspect()
    const file = join(engine.dataRoot, 'containers', id, 'config.v2.json')
    await engine.stop()
    const config = JSON.parse(readFileSync(file, 'utf8')) as object
    writeFileSync(file, JSON.stringify({ ...config, Created: LONG_AGO }))
    await engine.start()
    await vi.waitFor(() => docker.listServices(), { timeout: 30_000, interval: 100 })
  }

  test('a dry run says what it would do, and does nothing', async () => {
    const dangling = await loadTestImage(engine, LONG_AGO)
    const watch = await watched()
    const pruning = await prune({ dryRun: true })
    expect(pruning.outcome).toBe('would prune')
    expect(pruning.commands.map(({ command }) => `${engine.dockerHost} ${command}`)).toEqual(commands())
    expect(watch.calls()).toEqual([])
    expect(await has(dangling)).toBe(true)
    expect(existsSync(join(root, 'prune.jsonl'))).toBe(false)
  })

  test('no run begins to deploy meanwhile; those that come are told for what they wait', async () => {
    const watch = await watched('wait')
    const pruning = prune()
    await vi.waitFor(() => expect(watch.calls()).toHaveLength(1), { timeout: 20_000 })
    await expect(takeCapacity(capacity())).rejects.toThrow(CapacityError)
    const told = Promise.withResolvers<string>()
    const waiting = takeCapacity(capacity({ timeoutMs: 60_000, onWait: told.resolve }))
    expect(await told.promise).toMatch(/docker prune \(run prune-\d+, process \d+\)/)
    watch.letGo()
    expect((await pruning).outcome).toBe('pruned')
    using _ = await waiting
    expect(capacityInUse(capacityFolder(leases()))).toMatchObject([{ runId: 'a-run' }])
  })

  test('a command that fails is said, the others run all the same, and capacity is given back', async () => {
    const watch = await watched('fail')
    const pruning = await prune()
    expect(pruning.outcome).toBe('failed')
    expect(pruning.commands.map(({ error }) => error !== undefined)).toEqual([false, true, false])
    expect(pruning.commands[1]?.error).toContain('no space left on device')
    expect(watch.calls()).toEqual(commands())
    expect(capacityInUse(capacityFolder(leases()))).toEqual([])
  })

  test('one that is ended in the middle gives capacity back, too', async () => {
    const watch = await watched('wait')
    const ended = new AbortController()
    const pruning = prune({ signal: ended.signal })
    await vi.waitFor(() => expect(watch.calls()).toHaveLength(1), { timeout: 20_000 })
    ended.abort('SIGTERM')
    expect(await pruning).toMatchObject({
      outcome: 'failed',
      commands: [{ error: expect.stringContaining('aborted') }],
    })
    expect(watch.calls()).toHaveLength(1)
    expect(capacityInUse(capacityFolder(leases()))).toEqual([])
  })

  const service = async (...args: string[]) => {
    const flags = ['--detach', '--no-resolve-image', '--network', 'host', '--name', unique]
    await engine.docker('service', 'create', ...flags, ...args)
    return async () => void (await engine.docker('service', 'rm', unique))
  }
  const settled = () =>
    vi.waitFor(async () => expect(await convergingServices(docker)).toEqual([]), { timeout: 30_000, interval: 100 })

  const tasks = async () => {
    const all = (await docker.listTasks({ filters: { service: [unique] } })) as { Status: { State: string } }[]
    return all.map(({ Status: status }) => status.State)
  }

  test('a one-shot that has done its work is not waited for', async () => {
    const remove = await service('--restart-condition', 'none', image, 'true')
    try {
      await vi.waitFor(async () => expect(await tasks()).toEqual(['complete']), { timeout: 30_000, interval: 100 })
      expect((await prune()).outcome).toBe('pruned')
    } finally {
      await remove()
    }
  })

  test('an image that swarm pulls goes as soon as its app is idle; one that was fetched before the deployment stays', async () => {
    const { id, close } = await openTestRegistry(engine, root, LONG_AGO)
    try {
      const name = `127.0.0.1:5000/${unique}/app:1.2.3`
      const deployAndLeave = async () => {
        const once = ['--detach', '--restart-condition', 'none', '--network', 'host', '--name', unique]
        await engine.docker('service', 'create', ...once, name)
        // There is nothing in it that could run.
        const ended = async () => expect(['failed', 'rejected']).toContain((await tasks())[0])
        await vi.waitFor(ended, { timeout: 30_000, interval: 100 })
        expect(await has(id)).toBe(true)
        await engine.docker('service', 'rm', unique)
        const containers = () => docker.listContainers({ all: true, filters: { ancestor: [id] } })
        await vi.waitFor(async () => expect(await containers()).toEqual([]), { timeout: 30_000, interval: 100 })
      }
      await deployAndLeave()
      expect((await prune()).commands[1]?.removed).toContain(`deleted: ${id}`)
      expect(await has(id)).toBe(false)
      expect(await fetchImages({ docker, dockerHost: engine.dockerHost, images: [name] })).toEqual({
        local: true,
        warnings: [],
      })
      await deployAndLeave()
      expect((await prune()).outcome).toBe('pruned')
      expect(await has(id)).toBe(true)
    } finally {
      await close()
    }
  })

  describe('is held by whoever comes between the look and the taking of capacity', () => {
    /** Docker, as it is; when it is asked for services the second time, which is the last thing looked at, somebody comes. */
    const whenLooked = (come: () => void | Promise<void>): Docker => {
      let asked = 0
      const listServices = async (options: object) => {
        const services = await docker.listServices(options)
        asked += 1
        if (asked === 2) await come()
        return services
      }
      return Object.create(docker, { listServices: { value: listServices } }) as Docker
    }

    test('with a lease', async () => {
      const watch = await watched()
      using stack = new DisposableStack()
      const come = () => {
        const holder = { runId: 'late', pid: process.pid, since: '' }
        stack.use(tryLease(leases(), 'cust-000000_ci_localhost', holder))
      }
      const { outcome, gates } = await prune({ docker: whenLooked(come) })
      expect({ outcome, gates }).toMatchObject({ outcome: 'held', gates: [{ gate: 'runs' }] })
      expect(gates[0]?.seen).toEqual([expect.stringContaining('run late')])
      expect(watch.calls()).toEqual([])
      expect(capacityInUse(capacityFolder(leases()))).toEqual([])
    })

    test('with capacity', async () => {
      const watch = await watched()
      using stack = new DisposableStack()
      const come = async () => void stack.use(await takeCapacity(capacity()))
      const { outcome, gates } = await prune({ docker: whenLooked(come) })
      expect({ outcome, gates }).toMatchObject({ outcome: 'held', gates: [{ gate: 'runs' }] })
      expect(gates[0]?.seen).toEqual([expect.stringMatching(/^custom-html is in capacity \(run a-run/)])
      expect(watch.calls()).toEqual([])
    })
  })

  describe('is held, and says why, while', () => {
    /** It is held for this reason alone, nothing is called, and it goes on without it. */
    const heldBy = async (gate: string, seen: string | RegExp, changes: Partial<DockerPruneRequest> = {}) => {
      const dangling = await loadTestImage(engine, LONG_AGO)
      const watch = await watched()
      const pruning = await prune(changes)
      expect(pruning).toMatchObject({ outcome: 'held', commands: [] })
      expect(pruning.gates).toEqual([{ gate, seen: [expect.stringMatching(seen)] }])
      expect(watch.calls()).toEqual([])
      expect(await has(dangling)).toBe(true)
      expect(readFileSync(join(root, 'prune.jsonl'), 'utf8')).toContain('"outcome":"held"')
      expect(capacityInUse(capacityFolder(leases())).filter(({ runId }) => runId.startsWith('prune'))).toEqual([])
      expect((await prune({ ...changes, dryRun: true })).outcome).toBe('held')
    }
    const goesOn = async () => expect((await prune({ dryRun: true })).outcome).toBe('would prune')

    test('no disk is full enough', async () => {
      await heldBy('disk', /^\/ is \d+\.\d % full; pruned from 99\.9 % on$/, { pruneAt: 99.9 })
    })

    test('its disk cannot be seen', async () => {
      await heldBy('disk', /over the network/, { dockerHost: 'tcp://192.0.2.1:2375' })
    })

    test('another process holds the lease of a stack; one that was killed holds nothing', async () => {
      const stack = `cust-${randomBytes(3).toString('hex')}_ci_localhost`
      const holder = await holderProcess(leases(), stack, 'a-live-run')
      try {
        await heldBy('runs', new RegExp(`^${stack} is live \\(run a-live-run, process \\d+\\)$`))
      } finally {
        await holder.kill()
      }
      await goesOn()
    })

    test('a run is in capacity, or waits for it', async () => {
      {
        using _ = await takeCapacity(capacity())
        await heldBy('runs', /^custom-html is in capacity \(run a-run, process \d+\)$/)
      }
      await goesOn()
    })

    test('a failed app is kept; not any longer than that', async () => {
      const stack = `kept-${randomBytes(3).toString('hex')}_ci_localhost`
      const lease = { folder: leases(), name: stack }
      const { dockerHost } = engine
      const order = { runId: unique, dockerHost, teardownTimeoutMs: 1, lease, runDir: join(root, 'run') }
      const { folder } = placeOrder(join(root, 'scopes'), order)
      keep(folder, { until: Date.now() + 60_000 })
      await heldBy('runs', new RegExp(`^${stack} is kept until \\d{4}-`))
      keep(folder, { until: Date.now() - 1 })
      await goesOn()
    })

    test('an app of another machine is there, whose leases cannot be seen', async () => {
      const stack = `fore-${randomBytes(3).toString('hex')}_ci_localhost`
      const volume = { Name: `${stack}_data`, Labels: { [RUN_LABEL]: 'elsewhere', [HOST_LABEL]: 'another' } }
      await docker.createVolume(volume)
      try {
        await heldBy('runs', new RegExp(`^${stack} is made from the machine another`))
      } finally {
        await docker.getVolume(volume.Name).remove()
      }
      await goesOn()
    })

    test('a service converges for ever', async () => {
      const remove = await service('--constraint', 'node.labels.none==such', image, 'sleep', 'infinity')
      try {
        await heldBy('services', `^${unique} 0/1 is converging$`)
      } finally {
        await remove()
      }
      await goesOn()
    })

    test('a service that is up is updated for ever', async () => {
      const remove = await service(image, 'sleep', 'infinity')
      try {
        await settled()
        const update = ['--update-order', 'start-first', '--constraint-add', 'node.labels.none==such']
        await engine.docker('service', 'update', '--detach', '--no-resolve-image', ...update, unique)
        await heldBy('services', `^${unique} 1/1 \\(updating\\) is converging$`)
      } finally {
        await remove()
      }
      await goesOn()
    })
  })
})
