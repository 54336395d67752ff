// Keeps a page up to date: parts of it are fetched again and put in place, times count on, and a log goes on. Nothing that
// comes is ever taken for markup: lines are put in as text, and parts come from the server that the page itself came from.

const MOST_LINES = 5000

const took = (ms) => {
  const seconds = Math.floor(ms / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
}

const count = () => {
  for (const element of document.querySelectorAll('[data-since]')) {
    element.textContent = took(Math.max(0, Date.now() - Date.parse(element.dataset.since)))
  }
  for (const bar of document.querySelectorAll('progress[data-started]')) {
    bar.value = Math.min(bar.max, Date.now() - Date.parse(bar.dataset.started))
  }
}

// What was opened or closed by hand stays so.
const keepOpen = (from, to) => {
  const next = [...to.querySelectorAll('details')]
  for (const [at, details] of [...from.querySelectorAll('details')].entries()) {
    const same = details.id ? next.find(({ id }) => id === details.id) : next[at]
    if (same) same.open = details.open
  }
}

const isSelected = (part) => {
  const selection = document.getSelection()
  return selection !== null && !selection.isCollapsed && part.contains(selection.anchorNode)
}

// What had the focus has it again: the same link, or what stands at the same place.
const keepFocus = (part, next) => {
  const places = 'a[href], button, summary, [tabindex]'
  const focused = part.contains(document.activeElement) ? document.activeElement : undefined
  const address = focused?.getAttribute('href')
  const at = focused ? [...part.querySelectorAll(places)].indexOf(focused) : -1
  part.replaceChildren(...next.childNodes)
  if (!focused) return
  const now = [...part.querySelectorAll(places)]
  const same = address ? now.find((one) => one.getAttribute('href') === address) : now[at]
  same?.focus({ preventScroll: true })
}

let refreshing = false
const refresh = async () => {
  if (refreshing || document.hidden) return
  refreshing = true
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } })
    if (!answer.ok) return
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    for (const part of document.querySelectorAll('[data-live]')) {
      const next = page.getElementById(part.id)
      if (!next || isSelected(part)) continue
      keepOpen(part, next)
      if (next.innerHTML !== part.innerHTML) keepFocus(part, next)
    }
    if (document.title !== page.title) {
      document.title = page.title
      // Heard by who does not see it.
      document.getElementById('said').textContent = page.title
    }
  } catch {
    // The server is away: what is there stays, and the next look may find it.
  } finally {
    refreshing = false
  }
}

const append = (log, lines) => {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40
  const all = document.createDocumentFragment()
  for (const line of lines) {
    const element = document.createElement('span')
    element.className = 'l'
    for (const [classes, text] of typeof line === 'string' ? [['', line]] : line) {
      if (classes) {
        const span = document.createElement('span')
        span.className = classes
        span.textContent = text
        element.append(span)
      } else element.append(text)
    }
    element.append('\n')
    all.append(element)
  }
  log.append(all)
  while (log.childElementCount > MOST_LINES) log.firstElementChild.remove()
  if (atEnd) log.scrollTop = log.scrollHeight
}

const follow = (log) => {
  const state = document.getElementById('log-state')
  log.scrollTop = log.scrollHeight
  const source = new EventSource(`${log.dataset.stream}?from=${log.dataset.from}`)
  source.addEventListener('begin', () => {
    state.textContent = 'live'
  })
  source.addEventListener('lines', (event) => append(log, JSON.parse(event.data)))
  source.addEventListener('changed', refresh)
  source.addEventListener('end', () => {
    source.close()
    state.textContent = 'the run has ended'
    delete document.body.dataset.refresh
    refresh()
  })
  source.addEventListener('error', () => {
    state.textContent =
      source.readyState === EventSource.CLOSED ? 'the connection is lost: load the page again' : 'connecting again'
  })
}

document.addEventListener('DOMContentLoaded', () => {
  const seconds = Number(document.body.dataset.refresh)
  if (seconds > 0) setInterval(() => document.body.dataset.refresh && refresh(), seconds * 1000)
  setInterval(count, 1000)
  // Who comes back to a page sees at once how things stand.
  document.addEventListener('visibilitychange', () => document.body.dataset.refresh && refresh())
  const log = document.querySelector('[data-stream]')
  if (log) follow(log)
})
