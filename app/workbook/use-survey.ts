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
    const look = (): void => {
      timer = undefined
      setSurvey(surveySheet(sheet))
    }
    const stop = sheet.onChange(() => {
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

/** Today's two-way plan of each connection, computed here: what the panel counts and prices. */
export function usePlans(connections: readonly ConnectionInfo[], survey: Survey): ReadonlyMap<string, Plan | undefined> {
  return useMemo(
    () => new Map(connections.map((connection) => [connection.id, planHere(connection, survey, 'two-way')])),
    [connections, survey],
  )
}
