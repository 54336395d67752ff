// In the head, so that a page is never seen in the wrong colours first.
const KEY = 'cc-ci-colours'
const CHOICES = ['system', 'light', 'dark']

const kept = () => {
  try {
    const choice = localStorage.getItem(KEY)
    return CHOICES.includes(choice) ? choice : 'system'
  } catch {
    return 'system'
  }
}

const show = (choice) => {
  if (choice === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = choice
}

show(kept())

document.addEventListener('DOMContentLoaded', () => {
  const button = document.getElementById('theme')
  const say = (choice) => {
    button.querySelector('span').textContent = choice
  }
  say(kept())
  button.hidden = false
  button.addEventListener('click', () => {
    const choice = CHOICES[(CHOICES.indexOf(kept()) + 1) % CHOICES.length]
    try {
      localStorage.setItem(KEY, choice)
    } catch {}
    show(choice)
    say(choice)
  })
})
