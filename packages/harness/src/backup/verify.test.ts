import { describe, expect, test } from 'vitest'
import type { BackupTarget } from './backup.ts'
import { checkDump } from './dumps.ts'
import type { LiveFile } from './live-files.ts'
import { BackupPathError, NoVolumeBackedUpError, sourcesOf } from './sources.ts'
import { checkPresent, checkSaved, EmptyBackupError, listedFiles, TruncatedBackupError } from './verify.ts'

const target = (volumes: { name: string; paths?: string[] }[], excluded: string[] = []): BackupTarget => ({
  stack: 'app',
  runId: 'run',
  spec: {
    services: ['app'],
    volumes: volumes.map(({ name, paths }) => ({ key: name, name, service: 'app', target: '/data', paths })),
    excluded,
    hooks: [],
    generation: 'v2',
    warnings: [],
  },
})

const live = (files: Record<string, number>): Map<string, LiveFile> =>
  new Map(Object.entries(files).map(([path, size]) => [path, { type: 'f', size, stamp: `f ${size}` }]))

const saved = (files: Record<string, number>) =>
  new Map(Object.entries(files).map(([path, size]) => [path, { type: 'file', size }]))

describe('what is to be saved', () => {
  test('is each volume at a place of its own, whole unless the labels name paths', () => {
    const sources = sourcesOf(target([{ name: 'app_content' }, { name: 'app_db', paths: ['backup.sql', 'sub/x/'] }]))
    expect(sources.map(({ paths }) => paths)).toEqual([
      ['/volumes/app_content'],
      ['/volumes/app_db/backup.sql', '/volumes/app_db/sub/x'],
    ])
  })

  test('is each volume once, and all of it when one of its services wants all', () => {
    const shared = [
      { name: 'a', paths: ['x'] },
      { name: 'a', paths: ['y', 'x'] },
    ]
    expect(sourcesOf(target(shared)).map(({ paths }) => paths)).toEqual([['/volumes/a/x', '/volumes/a/y']])
    expect(sourcesOf(target([...shared, { name: 'a' }])).map(({ paths }) => paths)).toEqual([['/volumes/a']])
    expect(sourcesOf(target([{ name: 'a' }, ...shared])).map(({ paths }) => paths)).toEqual([['/volumes/a']])
  })

  test('is refused when every volume is excluded', () => {
    expect(() => sourcesOf(target([], ['content']))).toThrow(NoVolumeBackedUpError)
  })

  test('is refused when a path leaves its volume', () => {
    expect(() => sourcesOf(target([{ name: 'a', paths: ['../b'] }]))).toThrow(BackupPathError)
  })

  test('must be there', () => {
    const sources = sourcesOf(target([{ name: 'db', paths: ['backup.sql'] }]))
    expect(() => checkPresent(sources, live({}))).toThrow(/db:\/backup\.sql/)
  })
})

describe('a snapshot', () => {
  const sources = sourcesOf(target([{ name: 'a' }]))

  test('with all that stood in the volume is whole, and is measured', () => {
    const files = live({ '/volumes/a/x': 3, '/volumes/a/y': 4 })
    const measured = checkSaved(
      sources,
      { before: files, after: files },
      saved({ '/volumes/a/x': 3, '/volumes/a/y': 4 }),
    )
    expect(measured).toEqual({ files: 2, bytes: 7, perVolume: { a: { files: 2, bytes: 7 } } })
  })

  test.for([{ y: undefined }, { y: 2 }])('that lacks what stood there unchanged is truncated: %j', ({ y }) => {
    const files = live({ '/volumes/a/x': 3, '/volumes/a/y': 4 })
    const got = saved({ '/volumes/a/x': 3, ...(y === undefined ? {} : { '/volumes/a/y': y }) })
    expect(() => checkSaved(sources, { before: files, after: files }, got)).toThrow(TruncatedBackupError)
  })

  test('may lack what the app itself changed or deleted meanwhile', () => {
    const before = live({ '/volumes/a/x': 3, '/volumes/a/y': 4, '/volumes/a/z': 5 })
    const after = live({ '/volumes/a/x': 3, '/volumes/a/y': 9 })
    expect(checkSaved(sources, { before, after }, saved({ '/volumes/a/x': 3, '/volumes/a/y': 0 })).files).toBe(2)
  })

  test.for<Record<string, number>>([{}, { '/volumes/a/x': 0 }])(
    'without a file or without a byte is empty: %j',
    (files) => {
      const there = live({})
      expect(() => checkSaved(sources, { before: there, after: there }, saved(files))).toThrow(EmptyBackupError)
    },
  )

  test('with a named dump of no bytes is empty, whatever else it holds', () => {
    const both = sourcesOf(target([{ name: 'a' }, { name: 'db', paths: ['backup.sql'] }]))
    const files = live({ '/volumes/a/x': 3, '/volumes/db/backup.sql': 0 })
    const got = saved({ '/volumes/a/x': 3, '/volumes/db/backup.sql': 0 })
    expect(listedFiles(both, files)).toEqual([{ path: '/volumes/db/backup.sql', told: 'db:/backup.sql' }])
    expect(() => checkSaved(both, { before: files, after: files }, got)).toThrow(/db:\/backup\.sql.*empty/)
  })
})

describe('a dump', () => {
  const sql = { path: '/volumes/db/backup.sql', told: 'db:/backup.sql' }
  const ends = (text: string, filterCode = 0) => ({ text, filterCode, output: '' })
  const head = '--\n-- PostgreSQL database dump\n--\nCOPY …\n'

  test.for([
    `${head}--\n-- PostgreSQL database dump complete\n--\n\\unrestrict x\n`,
    '/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n…\n-- Dump completed on 2026-01-01\n',
    'any other text',
  ])('with the last line of its tool, or of an unknown tool, is whole: %j', async (text) => {
    await expect(checkDump(sql, async () => ends(text))).resolves.toBeUndefined()
  })

  test.for([head, '-- MySQL dump 10.13\nINSERT'])(
    'without the last line of its tool is truncated: %j',
    async (text) => {
      await expect(checkDump(sql, async () => ends(text))).rejects.toThrow(TruncatedBackupError)
    },
  )

  test('is unpacked when it is packed, whatever its name', async () => {
    const read = async (gzip: boolean) => (gzip ? ends(head) : ends('\x1f\ufffd\b…'))
    await expect(checkDump(sql, read)).rejects.toThrow(TruncatedBackupError)
  })

  test('that unpacks to nothing is empty', async () => {
    await expect(checkDump({ ...sql, path: 'x.sql.gz' }, async () => ends(''))).rejects.toThrow(EmptyBackupError)
  })

  test('that does not unpack is truncated', async () => {
    await expect(checkDump({ ...sql, path: 'x.sql.gz' }, async () => ends(head, 1))).rejects.toThrow(/does not unpack/)
  })
})
