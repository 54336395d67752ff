import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { dockerClient } from '../../docker/connect.ts'
import { ShapeApp } from '../../recipe/shapes/shape-app.ts'
import { loadSettings } from '../../settings/load.ts'
import { copiesIn, writeCopies } from './compose-copies.ts'

test('copies stand where relative paths start: in the folder of the first file', async () => {
  const files = {
    '.env.sample': 'TYPE=copied\nDOMAIN=copied.example.org\nCOMPOSE_FILE="base/compose.yml:compose.more.yml"\n',
    'base/compose.yml': 'services: {app: {image: x, configs: [page]}}\nconfigs: {page: {file: ./page}}\n',
    'base/page': 'hello',
    'compose.more.yml': 'services: {app: {tty: true}}\n',
  }
  await using one = await ShapeApp.open({
    docker: dockerClient('unix:///nowhere'),
    settings: await loadSettings(),
    name: 'copied',
    commits: [{ version: '1.0.0+1', files }],
    stack: 'copied_ci_localhost',
  })
  const target = await one.create('1.0.0+1')
  const { env, compose } = await one.read()
  const copies = await writeCopies({ app: one.app, target, compose, env, ipvs: true })
  const { dir } = one.app.checkout
  expect(copies.map((copy) => relative(dir, copy))).toEqual(['base/.cc-ci.0.yml', 'base/.cc-ci.1.yml'])
  expect(copiesIn(dir)).toEqual(copies)
  expect(await readFile(copies[1] ?? '', 'utf8')).toContain('cc-ci.run')
  expect(compose.configs.page?.file).toBe(join(dir, 'base/page'))
})
