import { MoreHorizontal, Plus } from 'lucide-react'
import { useState } from 'react'
import { Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components'
import { callApi } from '../../api-client.ts'
import { Button, IconButton } from '../../kit/button.tsx'
import type { Times } from '../../kit/times.ts'
import { TEXTS } from '../../texts.ts'
import { NameDialog } from './name-dialog.tsx'
import { nextPullText } from './next-pull.ts'
import { ObjectDialog } from './object-dialog.tsx'
import { DIRECTIONS, type Direction, Fact, type Integration, type IntegrationObject, LatestPull, SCHEDULES, Section } from './parts.tsx'
import { fieldsPath } from './place.ts'
import { useAhead } from './use-ahead.ts'
import type { IntegrationState } from './use-integration.ts'

const WORDS = TEXTS.integrations
const PAGE = WORDS.page

type Schedule = (typeof SCHEDULES)[number]

export interface ObjectsSectionProps {
  readonly integration: Integration
  readonly times: Times
  readonly change: IntegrationState['change']
  readonly load: () => Promise<void>
  readonly onActions: (object: IntegrationObject) => void
  readonly onDelete: (object: IntegrationObject) => void
}

/** The workspace objects of an integration: what each points at, its direction, its schedule, its pulls (C6–C18). */
export function ObjectsSection(props: ObjectsSectionProps) {
  const { integration, load } = props
  const [isAdding, setAdding] = useState(false)
  return (
    <Section
      id="objects"
      title={WORDS.objects}
      tools={
        <Button isSmall onPress={() => setAdding(true)}>
          <Plus size={13} aria-hidden /> {PAGE.addObject}
        </Button>
      }
    >
      <p className="m-0 text-ink-2">{PAGE.objectsLead(integration.appName)}</p>
      {integration.objects.length === 0 && <p className="m-0 text-ink-2">{PAGE.noObjects}</p>}
      <ul className="m-0 grid list-none gap-2 p-0" aria-labelledby="objects">
        {integration.objects.map((object) => (
          <ObjectCard key={object.id} {...props} object={object} />
        ))}
      </ul>
      {isAdding && <ObjectDialog integration={integration} onAdded={load} onClose={() => setAdding(false)} />}
    </Section>
  )
}

function ObjectCard({
  integration,
  object,
  times,
  change,
  load,
  onActions,
  onDelete,
}: ObjectsSectionProps & { object: IntegrationObject }) {
  const [isRenaming, setRenaming] = useState(false)
  const params = { id: integration.id, object: object.id }
  const patch = (body: { direction?: Direction; schedule?: Schedule; isNightly?: boolean }): Promise<boolean> =>
    change(() => callApi('patchObject', { params, body }))
  const [direction, setDirection] = useAhead(object.direction, (chosen) => patch({ direction: chosen }))
  const [schedule, setSchedule] = useAhead(object.schedule, (chosen) => patch({ schedule: SCHEDULES.find((s) => s === chosen) ?? null }))
  const [isNightly, setNightly] = useAhead(object.isNightly, (chosen) => patch({ isNightly: chosen }))
  return (
    <li className="grid grid-cols-[minmax(0,1fr)] gap-3 rounded-lg border border-line px-4 py-3" aria-label={object.name}>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <h3 className="m-0 min-w-40 flex-1 text-[length:inherit] font-semibold">
          {object.name}{' '}
          <span className="font-normal text-ink-2">
            → {object.externalName} · {PAGE.sheets(object.connections)}
          </span>
        </h3>
        <a className="button small" href={fieldsPath(integration.id, object.id)} aria-label={PAGE.fieldsOf(object.name)}>
          {PAGE.fields}
        </a>
        <Button isSmall aria-label={PAGE.actionsOf(object.name)} isDisabled={object.connections === 0} onPress={() => onActions(object)}>
          {PAGE.actions}
        </Button>
        <MenuTrigger>
          <IconButton label={PAGE.more(object.name)} isSmall>
            <MoreHorizontal size={14} aria-hidden />
          </IconButton>
          <Popover className="popover" placement="bottom end">
            <Menu className="menu" aria-label={PAGE.more(object.name)}>
              <MenuItem className="menu-item" onAction={() => setRenaming(true)}>
                {PAGE.renameObject}
              </MenuItem>
              <MenuItem className="menu-item" onAction={() => onDelete(object)}>
                {PAGE.deleteObject}
              </MenuItem>
            </Menu>
          </Popover>
        </MenuTrigger>
      </div>
      <div className="flex flex-wrap items-end gap-x-5 gap-y-3">
        <label className="block">
          <span className="label">{PAGE.direction}</span>
          <select
            className="input w-auto"
            aria-label={PAGE.directionOf(object.name)}
            value={direction}
            onChange={(event) => setDirection(event.target.value as Direction)}
          >
            {DIRECTIONS.map((direction) => (
              <option key={direction} value={direction}>
                {WORDS.direction[direction](integration.appName)}
              </option>
            ))}
          </select>
        </label>
        <label className="block">
          <span className="label">{PAGE.schedule}</span>
          <select
            className="input w-auto"
            aria-label={PAGE.scheduleOf(object.name)}
            value={String(schedule)}
            onChange={(event) => setSchedule(event.target.value === 'null' ? null : Number(event.target.value))}
          >
            {SCHEDULES.map((minutes) => (
              <option key={String(minutes)} value={String(minutes)}>
                {PAGE.scheduleName(minutes)}
              </option>
            ))}
          </select>
        </label>
        <label className="inline-flex min-h-[30px] items-center gap-1.5">
          <input
            type="checkbox"
            aria-label={PAGE.nightlyOf(object.name)}
            checked={isNightly}
            onChange={(event) => setNightly(event.target.checked)}
          />
          {PAGE.nightly}
        </label>
        <dl className="m-0 flex flex-wrap gap-x-6 gap-y-2">
          <Fact name={PAGE.latest}>
            <LatestPull pull={object.latestPull} times={times} />
          </Fact>
          <Fact name={PAGE.next}>{nextPullText(object, integration.isOn, times.moment)}</Fact>
        </dl>
      </div>
      {isRenaming && (
        <NameDialog
          title={PAGE.renameObjectTitle(object.name)}
          name={object.name}
          onSave={async (name) => {
            await callApi('patchObject', { params, body: { name } })
            await load()
          }}
          onClose={() => setRenaming(false)}
        />
      )}
    </li>
  )
}
