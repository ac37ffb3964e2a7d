import { useEffect, useMemo, useState } from 'react'
import type { ConnectionInfo } from '../../server/api/contract.ts'
import type { Plan } from '../../sync-engine/plan.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { EMPTY_SURVEY, planHere, type Survey, surveySheet } from '../sync-panel/survey.ts'

/** Between two surveys of a sheet that changes. ms. */
const SURVEY_MS = 120

/** The sheet's staged cells and the cells that need a person, kept up to date. */
export function useSurvey(sheet: Sheet): Survey {
  const [survey, setSurvey] = useState<Survey>(EMPTY_SURVEY)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let hasMore = false
    const look = (): void => {
      const isChanged = hasMore
      timer = undefined
      hasMore = false
      const found = surveySheet(sheet)
      // The whole screen is drawn for another survey: not for each part of a sheet that comes and in which nothing is staged.
      setSurvey((before) => (!isChanged && isEmptySurvey(before) && isEmptySurvey(found) ? before : found))
    }
    const stop = sheet.onChange(({ isFields, rows }) => {
      hasMore ||= isFields || rows.size > 0
      timer ??= setTimeout(look, SURVEY_MS)
    })
    look()
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [sheet])
  return survey
}

const isEmptySurvey = ({ deltas, unlinked, needing, staged }: Survey): boolean =>
  staged === 0 && needing.length === 0 && deltas.size === 0 && unlinked.size === 0

/** Today's two-way plan of each connection, computed here: what the panel counts and prices. */
export function usePlans(connections: readonly ConnectionInfo[], survey: Survey): ReadonlyMap<string, Plan | undefined> {
  return useMemo(
    () => new Map(connections.map((connection) => [connection.id, planHere(connection, survey, 'two-way')])),
    [connections, survey],
  )
}
