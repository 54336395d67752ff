import { expect, test } from 'vitest'
import { AbraError } from '../../engine/abra/errors.ts'
import { snapshotId } from './backupbot.ts'
import { savedInBot } from './saved-paths.ts'

test.each([
  ['snapshot 1a2b3c4d saved', '1a2b3c4d'],
  ['using parent snapshot 00000000\nsnapshot 1a2b3c4d saved\nbackup finished', '1a2b3c4d'],
  ['{"message_type":"summary","snapshot_id":"1a2b3c4d5e6f"}', '1a2b3c4d5e6f'],
  ['INFO snapshot id: 1a2b3c4d', '1a2b3c4d'],
])('finds the snapshot in %j', (output, id) => {
  expect(snapshotId(output)).toBe(id)
})

test('a backup that names no snapshot is none', () => {
  expect(() => snapshotId('INFO backup finished\n')).toThrow(AbraError)
  expect(() => snapshotId('')).toThrow('it printed nothing')
})

test('finds volumes wherever the bot sees them, and nothing of other apps', () => {
  const node = { type: 'file', size: 1 }
  const dir = { type: 'dir', size: 0 }
  const saved = savedInBot(
    new Map([
      ['/var/lib/docker/volumes/st_content/_data', dir],
      ['/var/lib/docker/volumes/st_content/_data/a/b c', node],
      ['/var/lib/docker/volumes/st_content_more/_data/x', node],
      ['/var/lib/docker/volumes/other_content/_data/y', node],
      ['/secrets/st_content', node],
    ]),
    [{ volume: 'st_content', root: '/volumes/st_content' }],
  )
  expect([...saved.files.keys()]).toEqual(['/volumes/st_content', '/volumes/st_content/a/b c'])
  expect(saved.inSnapshot('/volumes/st_content/a/b c')).toBe('/var/lib/docker/volumes/st_content/_data/a/b c')
})
