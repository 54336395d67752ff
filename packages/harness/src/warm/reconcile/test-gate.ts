import { AppHttp } from '../../app/http.ts'
import type { Settings } from '../../settings/schema.ts'
import type { GateVerdict, LiveApp } from './request.ts'

/** What the gate of these tests asks: the page `/word`. */
export async function askWord({ url }: Pick<LiveApp, 'url'>, settings: Settings): Promise<GateVerdict> {
  const { proxyAddress, caFile } = settings
  await using http = new AppHttp({ origin: url, proxyAddress, caFile })
  const word = (await http.get('/word')).text().trim()
  return { healthy: word === 'well', text: `/word says ${word}` }
}
