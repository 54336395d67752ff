import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { dronePipelines, droneYml, REPOSITORY, stepEnvironment } from './drone-yml.ts'

test('there is a self-test on push, and a recipe pipeline on custom events', () => {
  const pipelines = dronePipelines().map(({ name, trigger, concurrency }) => [name, trigger.event, concurrency.limit])
  expect(pipelines).toEqual([
    ['self-test', ['push'], 1],
    ['recipe', ['custom'], 1],
  ])
})

test('every step has a HOME that lasts', () => {
  for (const { steps } of dronePipelines()) {
    for (const { environment } of steps) expect(environment.HOME).toMatch(/^\/var\/lib\/cc-ci\//)
  }
})

test("nothing from outside is put into the pipelines' text", () => {
  // Drone would put a parameter there before the file is read.
  expect(droneYml().replaceAll(/^\s*#.*$/gm, '')).not.toMatch(/\$/)
})

test('a build with a parameter that cannot be ends before anything is done, and says which', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ccci-drone-'))
  try {
    const [step] = dronePipelines()[1]?.steps ?? []
    const params = { RECIPE: '$(touch hacked)', PR: '7', SHA: 'b'.repeat(40), QUICK: '0', NODE_OPTIONS: '' }
    const own = { HOME: folder, CCCI_STATE_DIR: folder }
    // What the step's command comes to, once the dependencies are there.
    const end = await execa(process.execPath, [join(import.meta.dirname, 'main.ts')], {
      cwd: REPOSITORY,
      env: stepEnvironment(process.env, params, folder, { ...step?.environment, ...own }),
      extendEnv: false,
      reject: false,
      all: true,
    })
    expect(end.exitCode).toBe(2)
    expect(end.all).toContain('parameter RECIPE is "$(touch hacked)", which cannot be used')
    expect(readdirSync(folder)).toEqual([])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
