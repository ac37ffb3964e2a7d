// npm run bench: each figure beside its baseline, measured in the same run.
import { benchCollab } from './collab.ts'
import { benchDelivery } from './delivery.ts'
import { benchEngine } from './engine.ts'
import { benchSync } from './sync.ts'
import { benchViews } from './views.ts'

for (const { what, value, ratio, hold } of [
  ...benchEngine(),
  ...benchViews(),
  ...(await benchCollab()),
  ...(await benchDelivery()),
  ...(await benchSync()),
])
  process.stdout.write(`${what}\n  ${value}; ratio ${ratio} (hold ${hold})\n`)
