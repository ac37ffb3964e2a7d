'use client'

import { useMemo } from 'react'
import { PageFrame } from '../../kit/page-frame.tsx'
import { makeTimes } from '../../kit/times.ts'
import { TEXTS } from '../../texts.ts'
import { FieldsPage } from './fields-page.tsx'
import { IntegrationPage } from './integration-page.tsx'
import { IntegrationList } from './list.tsx'
import { placeOf } from './place.ts'

/** The pages of integrations: the list, one integration, the fields of one object. */
export function IntegrationsPages() {
  const place = useMemo(() => placeOf(window.location.pathname), [])
  const times = useMemo(() => makeTimes(navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone, Date.now), [])
  switch (place.kind) {
    case 'list':
      return <IntegrationList times={times} />
    case 'integration':
      return <IntegrationPage id={place.id} times={times} />
    case 'fields':
      return <FieldsPage integration={place.id} object={place.object} times={times} />
    case 'nowhere':
      return (
        <PageFrame title={TEXTS.missing.title}>
          <p className="text-ink-2">{TEXTS.missing.body}</p>
        </PageFrame>
      )
  }
}
