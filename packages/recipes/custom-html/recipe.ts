import { defineRecipe } from '@cc-ci/fixtures/recipe'

export default defineRecipe({
  health: { path: '/', statuses: [200] },
})
