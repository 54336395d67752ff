import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { Gitea, PrPlace } from './gitea/client.ts'
import { markerOf } from './reply-text.ts'

interface Row {
  sent: number
  comment_id: number | null
  shown: string | null
}

const hashOf = (body: string): string => createHash('sha256').update(body).digest('hex')

/** Comments of the bridge: one for each key, made once and then edited, across crashes. */
export class Replies {
  readonly #db: DatabaseSync
  readonly #gitea: Gitea
  readonly #bot: string

  constructor(db: DatabaseSync, gitea: Gitea, bot: string) {
    this.#db = db
    this.#gitea = gitea
    this.#bot = bot
  }

  /**
   * Makes the comment of a key say this. One that somebody has deleted is made anew.
   *
   * @param body has the marker of the key in it.
   * @throws {GiteaAwayError | GiteaRefusedError}
   */
  async show(key: string, place: PrPlace, body: string): Promise<void> {
    const row = this.#row(key)
    const hash = hashOf(body)
    if (row.comment_id !== null) {
      if (row.shown === hash) return
      if (await this.#gitea.edit(place.repo, row.comment_id, body)) return this.#shown(key, row.comment_id, hash)
      this.#set(key, 0, null, null)
    } else if (row.sent === 1) {
      const made = await this.#made(key, place)
      if (made !== undefined) {
        this.#set(key, 1, made, null)
        return await this.show(key, place, body)
      }
    }
    this.#set(key, 1, null, null)
    this.#shown(key, await this.#gitea.post(place, body), hash)
  }

  /** One whose id was never learned. */
  async #made(key: string, place: PrPlace): Promise<number | undefined> {
    const marker = markerOf(key)
    const all = await this.#gitea.comments(place, 0)
    const own = all.filter(({ user }) => user?.login.toLowerCase() === this.#bot.toLowerCase())
    return own.find(({ body }) => body.startsWith(marker))?.id
  }

  #row(key: string): Row {
    const row = this.#db.prepare('SELECT sent, comment_id, shown FROM reply WHERE key = ?').get(key)
    return (row as unknown as Row | undefined) ?? { sent: 0, comment_id: null, shown: null }
  }

  #shown(key: string, commentId: number, hash: string): void {
    this.#set(key, 1, commentId, hash)
  }

  #set(key: string, sent: number, commentId: number | null, shown: string | null): void {
    this.#db
      .prepare(
        `INSERT INTO reply (key, sent, comment_id, shown) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (key) DO UPDATE SET sent = ?2, comment_id = ?3, shown = ?4`,
      )
      .run(key, sent, commentId, shown)
  }
}
