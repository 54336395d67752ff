import { expect, test } from '@cc-ci/fixtures/playwright'

test('shows its page', async ({ page }) => {
  await page.goto('/')
  await expect(page.locator('h1')).toBeVisible()
})
