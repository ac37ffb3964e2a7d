// Works without: asks before a deletion, shows only the inputs a fault uses, and keeps the lists at the side fresh.
for (const button of document.querySelectorAll('button[data-confirm]')) {
  button.addEventListener('click', (event) => {
    if (!window.confirm(button.dataset.confirm)) event.preventDefault()
  })
}

const kind = document.querySelector('select[name="kind"]')
const showParts = () => {
  for (const part of document.querySelectorAll('[data-kinds]')) part.hidden = !part.dataset.kinds.split(' ').includes(kind.value)
}
if (kind) {
  kind.addEventListener('change', showParts)
  showParts()
}

const live = document.querySelector('[data-live]')
const refresh = async () => {
  if (document.hidden || live.contains(document.activeElement)) return
  const answer = await fetch(live.dataset.live)
  if (!answer.ok) return
  const text = await answer.text()
  if (text !== live.innerHTML) live.innerHTML = text
}
// A sandbox that has stopped leaves the lists as they are.
if (live) setInterval(() => refresh().catch(() => undefined), 3000)
