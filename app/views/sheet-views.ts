import { cryptoRandomBytes, makeFieldId } from '../../workbook/ids.ts'
import { UserOrigin } from '../../workbook/origin.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { isSameAttribute, type NamedView, VIEW_ATTRIBUTES, type ViewAttribute, type ViewConfig } from '../../workbook/view.ts'
import { editView, orderBetween, plainViewId, readViews, watchViews } from '../../workbook/view-store.ts'
import { type DeviceViews, deviceKey, parseDeviceViews, writeDeviceViews } from './device-views.ts'

/** The views of a sheet as one person sees them. A new object after each change. */
export interface ViewsState {
  /** Shared ones in their order, then this person's own. */
  readonly views: readonly NamedView[]
  /** The view that is shown, with this person's changes. */
  readonly current: NamedView
  /** What this person changed in it and nobody else sees. */
  readonly changed: readonly ViewAttribute[]
  readonly collapsed: ReadonlySet<string>
}

export interface SheetViewsOptions {
  readonly sheet: Sheet
  readonly person: string
  readonly storage: Pick<Storage, 'getItem' | 'setItem'>
  readonly plainName: string
}

/**
 * The named views of one sheet. Shared ones are in the workbook; a person's own, and changes a person has not saved for everybody, are kept
 * on the device alone.
 */
export class SheetViews {
  readonly #options: SheetViewsOptions
  readonly #listeners = new Set<() => void>()
  #stop: (() => void) | undefined
  #kept: DeviceViews
  #state: ViewsState | undefined

  constructor(options: SheetViewsOptions) {
    this.#options = options
    this.#kept = parseDeviceViews(options.storage.getItem(this.#key()), options.sheet.id)
    this.open()
  }

  /** Follows what others change; also after it was closed. */
  open(): void {
    if (this.#stop !== undefined) return
    this.#stop = watchViews(this.#options.sheet.docs.book, () => this.#changed())
    this.#state = undefined
  }

  close(): void {
    this.#stop?.()
    this.#stop = undefined
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly state = (): ViewsState => {
    this.#state ??= this.#read()
    return this.#state
  }

  select(id: string): void {
    this.#keep({ current: id })
  }

  /** Changes what the current view shows: at once for its own views, and for shared ones on this device until it is saved. */
  change(edit: Partial<ViewConfig>): void {
    const { current } = this.state()
    if (current.isPersonal) {
      this.#keep({
        personal: this.#kept.personal.map((view) => (view.id === current.id ? { ...view, config: { ...view.config, ...edit } } : view)),
      })
      return
    }
    const shared = this.#shared(current.id)
    const changes: Record<string, unknown> = { ...keptOf(this.#kept.changes, current.id), ...edit }
    for (const name of VIEW_ATTRIBUTES) if (name in changes && isSameAttribute(changes[name], shared?.config[name])) delete changes[name]
    this.#keep({ changes: { ...this.#kept.changes, [current.id]: changes as Partial<ViewConfig> } })
  }

  /** Writes this person's changes of the current view into the workbook. */
  saveForEverybody(): void {
    const { current } = this.state()
    const changes = keptOf(this.#kept.changes, current.id)
    if (changes === undefined || current.isPersonal) return
    editView(this.#options.sheet.docs.book, current, changes, this.#origin())
    this.#forgetChanges(current.id)
  }

  /** Takes this person's changes of the current view back. */
  reset(): void {
    this.#forgetChanges(this.state().current.id)
  }

  /** Makes a view that shows what `from` shows, and goes to it. */
  create(name: string, isPersonal: boolean, from: ViewConfig): void {
    const id = `v${makeFieldId(cryptoRandomBytes)}${makeFieldId(cryptoRandomBytes)}`
    const { sheet } = this.#options
    if (isPersonal) {
      const order = orderBetween(this.#kept.personal.at(-1), undefined)
      this.#keep({ current: id, personal: [...this.#kept.personal, { id, sheet: sheet.id, name, order, isPersonal, config: from }] })
      return
    }
    const order = orderBetween(this.#sharedViews().at(-1), undefined)
    editView(sheet.docs.book, { id, sheet: sheet.id }, { name, order, ...from }, this.#origin())
    this.#keep({ current: id })
  }

  rename(view: NamedView, name: string): void {
    if (view.isPersonal) this.#keep({ personal: this.#kept.personal.map((own) => (own.id === view.id ? { ...own, name } : own)) })
    else editView(this.#options.sheet.docs.book, view, { name }, this.#origin())
  }

  /** Takes a view away; the plain one stays. A shared one is only marked, and `restore` brings it back. */
  remove(view: NamedView): void {
    if (!this.canRemove(view)) return
    if (view.isPersonal) this.#keep({ personal: this.#kept.personal.filter((own) => own.id !== view.id) })
    else editView(this.#options.sheet.docs.book, view, { removed: true }, this.#origin())
    if (this.#kept.current === view.id) this.#keep({ current: undefined })
  }

  restore(view: NamedView): void {
    if (view.isPersonal) this.#keep({ personal: [...this.#kept.personal.filter((own) => own.id !== view.id), view] })
    else editView(this.#options.sheet.docs.book, view, { removed: false }, this.#origin())
    this.select(view.id)
  }

  canRemove(view: NamedView): boolean {
    return view.id !== plainViewId(this.#options.sheet.id)
  }

  /** Puts a view one place to the left or right among those of its kind. */
  move(view: NamedView, by: -1 | 1): void {
    const alike = this.state().views.filter((other) => other.isPersonal === view.isPersonal)
    const at = alike.findIndex((other) => other.id === view.id)
    if (alike[at + by] === undefined) return
    const others = alike.filter((other) => other.id !== view.id)
    const order = orderBetween(others[at + by - 1], others[at + by])
    if (!view.isPersonal) editView(this.#options.sheet.docs.book, view, { order }, this.#origin())
    else this.#keep({ personal: sorted(this.#kept.personal.map((own) => (own.id === view.id ? { ...own, order } : own))) })
  }

  toggleGroup(key: string): void {
    const { current, collapsed } = this.state()
    const next = new Set(collapsed)
    if (!next.delete(key)) next.add(key)
    this.#keep({ collapsed: { ...this.#kept.collapsed, [current.id]: [...next] } })
  }

  /** Closes these groups and no others. */
  collapse(keys: readonly string[]): void {
    this.#keep({ collapsed: { ...this.#kept.collapsed, [this.state().current.id]: keys } })
  }

  #read(): ViewsState {
    const shared = this.#sharedViews()
    const views = [...shared, ...this.#kept.personal]
    const chosen = views.find((view) => view.id === this.#kept.current) ?? shared[0]
    if (chosen === undefined) throw new Error('A sheet has at least its plain view')
    const changes = chosen.isPersonal ? {} : (keptOf(this.#kept.changes, chosen.id) ?? {})
    return {
      views,
      current: { ...chosen, config: { ...chosen.config, ...changes } },
      changed: VIEW_ATTRIBUTES.filter((name) => name in changes && !isSameAttribute(changes[name], chosen.config[name])),
      collapsed: new Set(keptOf(this.#kept.collapsed, chosen.id)),
    }
  }

  #sharedViews(): readonly NamedView[] {
    const { sheet, plainName } = this.#options
    return readViews(sheet.docs.book, sheet.id, plainName)
  }

  #shared(id: string): NamedView | undefined {
    return this.#sharedViews().find((view) => view.id === id)
  }

  #forgetChanges(id: string): void {
    const { [id]: _, ...others } = this.#kept.changes
    this.#keep({ changes: others })
  }

  #keep(part: Partial<DeviceViews>): void {
    this.#kept = { ...this.#kept, ...part }
    try {
      this.#options.storage.setItem(this.#key(), writeDeviceViews(this.#kept))
    } catch (error) {
      // A full or locked store: the view holds for as long as this window is open.
      if (!(error instanceof DOMException)) throw error
    }
    this.#changed()
  }

  #key(): string {
    return deviceKey(this.#options.person, this.#options.sheet.id)
  }

  #origin(): UserOrigin {
    return new UserOrigin(this.#options.person)
  }

  #changed(): void {
    this.#state = undefined
    for (const listener of this.#listeners) listener()
  }
}

/** What is kept of a view. Anybody who may edit gives views their ids, also such as every object has something under. */
const keptOf = <Kept>(kept: Readonly<Record<string, Kept>>, view: string): Kept | undefined =>
  Object.hasOwn(kept, view) ? kept[view] : undefined

const sorted = (views: readonly NamedView[]): readonly NamedView[] =>
  views.toSorted((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0))
