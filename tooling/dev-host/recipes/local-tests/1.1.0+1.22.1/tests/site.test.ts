import { expect, test } from '@cc-ci/fixtures'

test('serves its page', async ({ deployedApp }) => {
  const answer = await deployedApp.http.get('/')
  expect(answer.status).toBe(200)
})

test('runs as it should', async ({ deployedApp }) => {
  const { stdout } = await deployedApp.exec('app', 'nginx -v 2>&1')
  expect(stdout).toContain('nginx/')
})
