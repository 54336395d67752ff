import { execa } from 'execa'
import { expect, test } from 'vitest'
import { diskUse } from './disk-use.ts'

test('a disk is as full as df says, which rounds up', async () => {
  const { stdout } = await execa('df', ['--output=pcent', '/'])
  const percent = Number(/(\d+)%/.exec(stdout)?.[1])
  const use = await diskUse('/')
  // Others write meanwhile.
  expect(Math.abs(Math.ceil(use.percent) - percent)).toBeLessThanOrEqual(1)
  expect(use.freeBytes).toBeGreaterThan(0)
})

test('a folder that is not there is refused', async () => {
  await expect(diskUse('/not/there')).rejects.toThrow('ENOENT')
})
