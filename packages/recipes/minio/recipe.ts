import { defineRecipe } from '@cc-ci/fixtures/recipe'

export default defineRecipe({
  env: (domain) => ({ CONSOLE_DOMAIN: `console-${domain}` }),
  health: { path: '/minio/health/ready', statuses: [200] },
  // The job that makes the bucket counts as up while it runs; here it must have done its work.
  ready: async (app) => {
    const job = await app.service('createbuckets')
    if (job.completed === 0) throw new Error(`the bucket is not made yet: ${job.tasks.at(-1)?.state ?? 'no task'}`)
  },
})
