import { ChevronDown, ChevronUp, Trash2 } from 'lucide-react'
import { type ClipboardEvent, type KeyboardEvent, useRef } from 'react'
import { Button as AriaButton, Dialog, DialogTrigger, Popover, Radio, RadioGroup } from 'react-aria-components'
import { makeOptionId } from '../../workbook/field-edits.ts'
import { OPTION_COLORS, type Option } from '../../workbook/fields.ts'
import { cryptoRandomBytes } from '../../workbook/ids.ts'
import { chipColor } from '../kit/app-colors.ts'
import { IconButton } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'

const T = TEXTS.fields.form

export interface OptionListProps {
  readonly options: readonly Option[]
  readonly onChange: (options: readonly Option[]) => void
}

/** The options of a select: named, coloured, moved and deleted; the last line makes new ones, also from a pasted list. */
export function OptionList({ options, onChange }: OptionListProps) {
  const list = useRef<HTMLUListElement>(null)
  const change = (id: string, change: Partial<Option>): void => onChange(options.map((o) => (o.id === id ? { ...o, ...change } : o)))
  const move = (index: number, by: 1 | -1): void => {
    const moved = [...options]
    const [option] = moved.splice(index, 1)
    if (option === undefined) return
    moved.splice(index + by, 0, option)
    onChange(moved)
  }
  const add = (names: readonly string[]): void => {
    const known = new Set(options.map((option) => option.name.toLowerCase()))
    const fresh = [...new Set(names.map((name) => name.trim()).filter((name) => name !== '' && !known.has(name.toLowerCase())))]
    onChange([...options, ...fresh.map((name) => ({ id: makeOptionId(cryptoRandomBytes), name: name.slice(0, 120) }))])
  }
  const onNewKey = (event: KeyboardEvent<HTMLInputElement>): void => {
    if (event.key !== 'Enter' || event.nativeEvent.isComposing) return
    event.preventDefault()
    add([event.currentTarget.value])
    event.currentTarget.value = ''
  }
  const onPaste = (event: ClipboardEvent<HTMLInputElement>): void => {
    const text = event.clipboardData.getData('text/plain')
    if (!/[\n\t]/u.test(text.trim())) return
    event.preventDefault()
    add(text.split(/[\r\n\t]+/u))
  }
  return (
    <fieldset className="m-0 grid gap-1 border-0 p-0">
      <legend className="label">{T.options}</legend>
      <ul ref={list} className="m-0 grid max-h-60 list-none gap-1 overflow-auto p-0.5">
        {options.map((option, i) => (
          <li key={option.id} className="flex items-center gap-1">
            <ColorButton option={option} onColor={(color) => change(option.id, { color })} />
            <input
              className="input min-w-0 flex-1"
              dir="auto"
              aria-label={T.option(i + 1)}
              value={option.name}
              maxLength={120}
              onChange={(event) => change(option.id, { name: event.target.value })}
            />
            <IconButton isSmall label={T.up(option.name)} isDisabled={i === 0} onPress={() => move(i, -1)}>
              <ChevronUp size={14} aria-hidden />
            </IconButton>
            <IconButton isSmall label={T.down(option.name)} isDisabled={i === options.length - 1} onPress={() => move(i, 1)}>
              <ChevronDown size={14} aria-hidden />
            </IconButton>
            <IconButton isSmall label={T.removeOption(option.name)} onPress={() => onChange(options.filter((o) => o !== option))}>
              <Trash2 size={14} aria-hidden />
            </IconButton>
          </li>
        ))}
      </ul>
      <input
        className="input"
        aria-label={T.newOption}
        placeholder={T.newOption}
        maxLength={120}
        onKeyDown={onNewKey}
        onPaste={onPaste}
        onBlur={(event) => {
          add([event.currentTarget.value])
          event.currentTarget.value = ''
        }}
      />
      <p className="hint m-0">{T.paste}</p>
    </fieldset>
  )
}

function ColorButton({ option, onColor }: { option: Option; onColor: (color: string) => void }) {
  const color = chipColor(option)
  return (
    <DialogTrigger>
      <AriaButton className="button ghost icon small" aria-label={T.colorOf(option.name)}>
        <span className="chip size-4! p-0!" data-color={color} />
      </AriaButton>
      <Popover className="popover p-2" placement="bottom start">
        <Dialog aria-label={T.colorOf(option.name)} className="outline-none">
          {({ close }) => (
            <RadioGroup
              aria-label={T.colorOf(option.name)}
              value={color}
              onChange={(chosen) => {
                onColor(chosen)
                close()
              }}
              className="grid grid-cols-4 gap-1"
            >
              {OPTION_COLORS.map((name) => (
                <Radio
                  key={name}
                  value={name}
                  className="rounded-md p-0.5 data-[focus-visible]:outline-2 data-[focus-visible]:outline-tide data-[selected]:outline-2 data-[selected]:outline-ink"
                >
                  <span className="chip block! text-center" data-color={name}>
                    {TEXTS.fields.colors[name]}
                  </span>
                </Radio>
              ))}
            </RadioGroup>
          )}
        </Dialog>
      </Popover>
    </DialogTrigger>
  )
}
