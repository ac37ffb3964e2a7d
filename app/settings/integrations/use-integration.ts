import { useCallback, useEffect, useState } from 'react'
import { ApiFailure, callApi } from '../../api-client.ts'
import type { Integration } from './parts.tsx'

export interface IntegrationState {
  readonly integration: Integration | undefined
  readonly error: unknown
  readonly isMissing: boolean
  readonly load: () => Promise<void>
  /** Does something, says where it fails, and shows what came of it. */
  readonly change: (work: () => Promise<unknown>) => Promise<boolean>
}

/** One integration as the server has it, asked for again after every change, and while a run of it is under way. */
export function useIntegration(id: string): IntegrationState {
  const [integration, setIntegration] = useState<Integration>()
  const [error, setError] = useState<unknown>()
  const [loadError, setLoadError] = useState<unknown>()
  const load = useCallback(async (): Promise<void> => {
    try {
      setIntegration(await callApi('getIntegration', { params: { id } }))
      setLoadError(undefined)
    } catch (failure) {
      setLoadError(failure)
    }
  }, [id])
  useEffect(() => void load(), [load])
  const isUnderWay = integration?.connections.some((c) => c.activeRun !== null) ?? false
  useEffect(() => {
    if (!isUnderWay) return
    const timer = setInterval(() => void load(), AGAIN_MS)
    return () => clearInterval(timer)
  }, [isUnderWay, load])
  const change = useCallback(
    async (work: () => Promise<unknown>): Promise<boolean> => {
      setError(undefined)
      try {
        await work()
        await load()
        return true
      } catch (failure) {
        setError(failure)
        // What is shown may be older than what refused.
        await load()
        return false
      }
    },
    [load],
  )
  const isMissing = loadError instanceof ApiFailure && loadError.status === 404 && integration === undefined
  return { integration, error: error ?? loadError, isMissing, load, change }
}

/** A run that is under way is asked for again after this long. ms. */
const AGAIN_MS = 2_000
