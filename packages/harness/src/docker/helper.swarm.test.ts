import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HelperImageMissingError, openHelper, VolumeMissingError, volumeExists } from './helper.ts'
import { testHost } from './test-stack.ts'

const { docker, image, unique } = await testHost()
const labels = { 'cc-ci.run': unique }
const ours = () => docker.listContainers({ all: true, filters: { label: [`cc-ci.run=${unique}`] } })

describe('the helper container', () => {
  beforeAll(async () => void (await docker.createVolume({ Name: unique })))
  afterAll(async () => await docker.getVolume(unique).remove())

  test('reaches a volume, without a network, and goes away at once', async () => {
    const helper = await openHelper(docker, {
      image,
      labels,
      volumes: [{ name: unique, target: '/there', readOnly: true }],
    })
    const { stdout } = await helper.execOk(['sh', '-c', 'id -u; ls /sys/class/net'])
    expect(stdout).toBe('0\nlo\n')
    expect((await helper.exec(['touch', '/there/file'])).stderr).toContain('Read-only')
    await helper.close()
    await helper.close()
    expect(await ours()).toEqual([])
  })

  test('is removed with what still runs in it', async () => {
    const helper = await openHelper(docker, { image, labels, volumes: [] })
    const sleeping = helper.exec(['sleep', '60'])
    await helper.close()
    await sleeping.catch(() => {})
    expect(await ours()).toEqual([])
  })

  test('does not make a volume that is not there', async () => {
    const volumes = [{ name: `${unique}-absent`, target: '/there', readOnly: true }]
    await expect(openHelper(docker, { image, labels, volumes })).rejects.toThrow(VolumeMissingError)
    expect(await volumeExists(docker, `${unique}-absent`)).toBe(false)
    expect(await ours()).toEqual([])
  })

  test('of a missing image says which setting names it', async () => {
    const error = await openHelper(docker, { image: `${unique}:none`, labels, volumes: [] }).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(HelperImageMissingError)
    expect(error.message).toMatch(/CCCI_HELPER_IMAGE/)
  })
})
