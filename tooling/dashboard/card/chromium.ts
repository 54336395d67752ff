import { existsSync } from 'node:fs'
import { CcciError, UsageError } from '@cc-ci/harness'
import { CARD } from './page.ts'

/** There is no browser to take the picture with. */
export class NoCardBrowserError extends UsageError {}

/** More pictures are wanted at once than anybody would wait for. */
export class CardsBusyError extends CcciError {}

/** A picture takes about a second; one that takes this long will not come (ms). */
const TIMEOUT_MS = 20_000

/**
 * Takes a picture of a page that refers to nothing outside of itself. In it no script runs and no address is asked.
 *
 * @throws {NoCardBrowserError}
 */
export async function pictureOf(page: string, executablePath: string): Promise<Buffer> {
  if (!existsSync(executablePath)) {
    throw new NoCardBrowserError({
      happened: `There is no browser at ${executablePath}, which takes the pictures of results.`,
      todo: 'Install chromium-headless-shell, or set CCCI_CHROMIUM.',
    })
  }
  const args = ['--disable-dev-shm-usage', '--disable-background-networking', '--disable-component-update']
  if (process.getuid?.() === 0) args.push('--no-sandbox')
  // Loaded when it is needed first: nothing else waits for it.
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({
    executablePath,
    args,
    timeout: TIMEOUT_MS,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  })
  try {
    const context = await browser.newContext({ viewport: CARD, javaScriptEnabled: false, offline: true })
    context.setDefaultTimeout(TIMEOUT_MS)
    const tab = await context.newPage()
    await tab.setContent(page, { waitUntil: 'load' })
    return await tab.screenshot({ type: 'png' })
  } finally {
    await browser.close()
  }
}

/** So many may wait for their picture. */
const WAITING = 20

/** Does one thing at a time, in the order in which they were asked for. */
export class OneAtATime {
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** @throws {CardsBusyError} when too many wait already, and what the work throws. */
  async do<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= WAITING) {
      throw new CardsBusyError({
        happened: `${WAITING} pictures are being waited for already.`,
        todo: 'Ask again in a minute.',
      })
    }
    this.#waiting += 1
    const mine = this.#last.then(work, work)
    this.#last = mine
    try {
      return await mine
    } finally {
      this.#waiting -= 1
    }
  }
}
