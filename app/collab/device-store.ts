/** Small plain values kept on this device under a name: what the app needs to open without a network. */
export interface DeviceStore {
  get(key: string): Promise<unknown>
  set(key: string, value: unknown): Promise<void>
}

const DATABASE = 'tidebook'
const STORE = 'values'

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('The browser’s storage did not answer.'))
  })

/** Opens the store; `undefined` where this browser keeps nothing (some private windows). */
export async function openDeviceStore(): Promise<DeviceStore | undefined> {
  try {
    const opening = indexedDB.open(DATABASE, 1)
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE)
    const database = await done(opening)
    return {
      get: (key) => done(database.transaction(STORE, 'readonly').objectStore(STORE).get(key)),
      set: async (key, value) => {
        await done(database.transaction(STORE, 'readwrite').objectStore(STORE).put(value, key))
      },
    }
  } catch {
    return undefined
  }
}

/**
 * Resolves once everything written to `database`'s store `name` before this call is stored: a reading transaction waits for the writing
 * ones before it.
 */
export async function writtenTo(database: IDBDatabase, name: string): Promise<void> {
  await done(database.transaction(name, 'readonly').objectStore(name).count())
}
