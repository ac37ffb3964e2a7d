import { expect, test } from 'vitest'
import { makeLogger, withoutSecrets } from '../../server/logger.ts'

function logged(write: (logger: ReturnType<typeof makeLogger>) => void): Record<string, unknown> {
  const lines: string[] = []
  write(makeLogger({ level: 'info', stream: { write: (line) => lines.push(line) } }))
  return JSON.parse(lines[0] ?? '{}')
}

test('[S25] tokens never reach the log', () => {
  expect(withoutSecrets('GET /?once=abc-1&sheet=2#x')).toBe('GET /?once=…&sheet=2#x')
  const line = logged((logger) =>
    logger.info({ token: 'abc-1', url: '/yjs/doc?token=abc-1', request: { cookie: 'abc-1', authorization: 'Bearer abc-1' } }, 'asked'),
  )
  expect(JSON.stringify(line)).not.toContain('abc-1')
  expect(line).toMatchObject({ level: 'info', msg: 'asked', url: '/yjs/doc?token=…' })
})

test('[S25] an error is logged with its tokens cut out', () => {
  const line = logged((logger) => logger.error({ err: new Error('no answer from http://x/?token=abc-1') }, 'failed'))
  expect(JSON.stringify(line)).not.toContain('abc-1')
  expect(line.err).toMatchObject({ message: 'no answer from http://x/?token=…' })
})
