import { describe, expect, inBackup, Markers, test } from '@cc-ci/fixtures'

describe('install', { tags: ['install'] }, () => {
  test('every service runs as often as it should', async ({ deployedApp }) => {
    const short = (await deployedApp.services()).filter(
      (service) => service.mode !== 'job' && service.running + service.completed < service.desired,
    )
    expect(short.map((service) => `${service.name} ${service.running}/${service.desired}`)).toEqual([])
  })

  test('answers over HTTPS at its domain', async ({ deployedApp }) => {
    const answer = await deployedApp.http.get('/')
    expect([200, 301, 302]).toContain(answer.status)
  })
})

test('upgrade keeps the data in the volumes', { tags: ['upgrade'] }, async ({ upgradeCycle }) => {
  const markers = new Markers()
  await upgradeCycle({ seed: (app) => markers.write(app), verify: (app) => markers.verify(app) })
})

test('backup brings the data in the volumes back', { tags: ['backup'] }, async ({ backupCycle, skip }) => {
  let markers = new Markers()
  await backupCycle({
    async seed(app) {
      markers = new Markers(inBackup(app))
      await markers.write(app)
      if (markers.places.length > 0) return
      skip('unverified: no volume is wholly backed up, so only a suite of its own can tell whether its data comes back')
    },
    mutate: (app) => markers.erase(app),
    verify: (app) => markers.verify(app),
  })
})

test('has tests of its own', { tags: ['custom'] }, ({ skip }) => {
  skip('not applicable: the recipe has no suite of its own')
})
