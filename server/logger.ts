import { type DestinationStream, destination, type Logger, pino, stdSerializers } from 'pino'

export type { Logger }

const SECRET_PARAMETERS = /([?&](?:once|token)=)[^&\s#"']*/giu

/** The text without the value of any token in a query string. */
export const withoutSecrets = (text: string): string => text.replace(SECRET_PARAMETERS, '$1…')

/**
 * One JSON line an event, to stderr; stdout has the ready line alone. Callers log ids and counts, never cell contents: an error's own
 * text passes with tokens cut out.
 */
export function makeLogger(options: { level: string; stream?: DestinationStream }): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      redact: { paths: ['token', 'once', 'cookie', 'authorization', '*.token', '*.once', '*.cookie', '*.authorization'], censor: '…' },
      formatters: { level: (level) => ({ level }) },
      serializers: {
        err: (error: Error) => {
          const { type, message, stack } = stdSerializers.err(error)
          return { type, message: withoutSecrets(message), stack: withoutSecrets(stack ?? '') }
        },
        url: (url: unknown) => withoutSecrets(String(url)),
      },
    },
    options.stream ?? destination({ fd: 2, sync: true }),
  )
}
