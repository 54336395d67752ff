import type { Rule } from './rule.ts'

const elsewhere = (id: string, title: string, skipped: string): Rule => ({
  id,
  level: 'warn',
  title,
  check: () => ({ skipped }),
})

/** Rules of abra's whose answer is not in the recipe: never satisfied here, only left out. */
export const elsewhereRules: Rule[] = [
  elsewhere('R006', 'has a published catalogue version', "cc-ci does not ask abra's catalogue"),
  elsewhere('R013', 'has a repository at git.coopcloud.tech', 'cc-ci does not ask git.coopcloud.tech'),
  elsewhere('R016', "abra's rule 16", 'what it wants is not known to cc-ci'),
]
