import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Helper, openHelper } from './helper.ts'
import { testHost } from './test-stack.ts'
import { type VolumeFiles, VolumePathError, volumeFiles } from './volume-files.ts'

const { docker, image, unique } = await testHost()

describe('files of a volume', () => {
  let helper: Helper
  let files: VolumeFiles

  beforeAll(async () => {
    await docker.createVolume({ Name: unique })
    const volumes = [{ name: unique, target: '/volume', readOnly: false }]
    helper = await openHelper(docker, { image, labels: { 'cc-ci.run': unique }, volumes })
    files = volumeFiles(helper, '/volume')
  })
  afterAll(async () => {
    await helper.close()
    await docker.getVolume(unique).remove()
  })

  test('are written, read, listed and removed', async () => {
    await files.write('kept/a.txt', 'one\n')
    await files.write('kept/a.txt', 'zwei ü\n')
    expect(await files.read('kept/a.txt')).toBe('zwei ü\n')
    expect(await files.list('kept')).toEqual(['kept/a.txt'])
    await files.remove('kept')
    expect(await files.read('kept/a.txt')).toBeUndefined()
    expect(await files.list('kept')).toEqual([])
    await files.remove('kept')
  })

  test.for(["it's $(odd) `name`", '-rf', 'new\nline', 'line at the end\n', ' space ', '*', 'ünïcode/..hidden'])(
    'may be called %j',
    async (name) => {
      await files.write(`odd/${name}`, name)
      expect(await files.read(`odd/${name}`)).toBe(name)
      expect(await files.list('odd')).toEqual([`odd/${name}`])
      await files.remove(`odd/${name}`)
      expect(await files.list('odd')).toEqual([])
    },
  )

  test('belong to whom their folder belongs to, and keep owner and mode when written again', async () => {
    await helper.execOk(['sh', '-c', 'mkdir /volume/app && chown 101:102 /volume/app'])
    await files.write('app/new/folder/file', 'x')
    await helper.execOk(['chmod', '600', '/volume/app/new/folder/file'])
    await files.write('app/new/folder/file', 'y')
    const { stdout } = await helper.execOk(['sh', '-c', 'cd /volume/app/new; stat -c %u:%g:%a folder folder/file'])
    expect(stdout).toBe('101:102:755\n101:102:600\n')
  })

  test.for(['../etc/passwd', 'a/../../b', '..', 'nul\0'])('outside the volume are refused: %j', async (path) => {
    await expect(files.read(path)).rejects.toThrow(VolumePathError)
    await expect(files.write(path, 'x')).rejects.toThrow(VolumePathError)
    await expect(files.remove(path)).rejects.toThrow(VolumePathError)
    await expect(files.list(path)).rejects.toThrow(VolumePathError)
  })

  test('behind a symbolic link are refused, and removing a link leaves what it leads to', async () => {
    await helper.execOk(['sh', '-c', 'mkdir /outside; echo o > /outside/o; ln -s /outside /volume/link'])
    await expect(files.read('link/o')).rejects.toThrow(VolumePathError)
    await expect(files.write('link/o', 'x')).rejects.toThrow(VolumePathError)
    await expect(files.write('link', 'x')).rejects.toThrow(VolumePathError)
    await expect(files.list('link')).rejects.toThrow(VolumePathError)
    await files.remove('link')
    expect((await helper.execOk(['cat', '/outside/o'])).stdout).toBe('o\n')
  })

  test('must have a name', async () => {
    await expect(files.remove('')).rejects.toThrow(VolumePathError)
    await expect(files.remove('.')).rejects.toThrow(VolumePathError)
  })
})
