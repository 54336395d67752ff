import { defineRecipe } from '@cc-ci/fixtures/recipe'

export default defineRecipe({
  // A fresh site has a page of its own: a redirect, which counts as an answer by default, would be wrong.
  health: { path: '/', statuses: [200] },
})
