/** A reason why the program cannot start or go on, in words for the person who started it. Printed without a stack; exit code 1. */
export class StartError extends Error {
  /**
   * @param what what happened, naming the thing
   * @param safe what is not lost or not changed
   * @param advice what to do now
   */
  constructor(what: string, safe: string, advice: string, options: { cause?: unknown } = {}) {
    super(`${what} ${safe} ${advice}`, options)
    this.name = 'StartError'
  }

  /** The same error again on this side of a thread. */
  static ofMessage(message: string): StartError {
    const error = new StartError('', '', '')
    error.message = message
    return error
  }
}
