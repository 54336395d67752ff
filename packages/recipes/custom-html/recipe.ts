import { defineRecipe } from '@cc-ci/fixtures'

export default defineRecipe({
  health: { path: '/', statuses: [200] },
})
