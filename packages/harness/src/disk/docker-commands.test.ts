import { expect, test } from 'vitest'
import { commandText, PRUNE_COMMANDS, pruneBy, readPruned } from './docker-commands.ts'

test('these are the commands, and no others', () => {
  expect(PRUNE_COMMANDS.map(commandText)).toEqual([
    'docker container prune -f --filter until=24h',
    'docker image prune -f --filter until=24h',
    'docker builder prune -f --filter until=24h',
  ])
})

const BUILDX = `ID						RECLAIMABLE	SIZE		LAST ACCESSED
l3kx3oefkwdc5kzqfw6frxyrl*              	true 		8.192kB   	2 weeks ago
u1n1mcm2l7gv9s1y4ngx4mvk6               	true 	1.5GB     	3 weeks ago
Total:	1.5GB
`

test.each([
  ['nothing', 'Total reclaimed space: 0B\n', [], 0],
  ['containers', 'Deleted Containers:\n4c01db0b339c\n\nTotal reclaimed space: 212B\n', ['4c01db0b339c'], 212],
  [
    'images',
    'Deleted Images:\nuntagged: a@sha256:1\ndeleted: sha256:2\n\nTotal reclaimed space: 16.43MB\n',
    ['untagged: a@sha256:1', 'deleted: sha256:2'],
    16_430_000,
  ],
  [
    'build cache',
    'Deleted build cache objects:\nl3kx\nu1n1\n\nTotal reclaimed space: 1.05kB\n',
    ['l3kx', 'u1n1'],
    1050,
  ],
])('what docker prints of %s is read', (_, text, removed, freedBytes) => {
  expect(readPruned(text)).toEqual({ removed, freedBytes })
})

test('so is what buildx prints, where it is installed', () => {
  const { removed, freedBytes } = readPruned(BUILDX)
  expect(removed).toHaveLength(2)
  expect(freedBytes).toBe(1.5e9)
})

test('a command that fails says why instead of throwing', async () => {
  const done = await pruneBy(['image', 'prune', '--no-such-flag'], { dockerHost: 'unix:///nowhere/docker.sock' })
  expect(done).toMatchObject({ command: 'docker image prune --no-such-flag', removed: [], freedBytes: 0 })
  expect(done.error).toContain('--no-such-flag')
})
