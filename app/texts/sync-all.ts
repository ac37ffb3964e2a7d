import { counted } from './words.ts'

/** Texts of syncing several connections at once, and of a run that is followed in a dialog. */
export const SYNC_ALL_TEXTS = {
  title: 'Sync all',
  note: 'nothing has been sent yet',
  loading: 'Planning each connection…',
  app: (app: string, price: string) => `Sync all of ${app} · ${price}`,
  everything: (price: string) => `Sync everything · ${price}`,
  line: (push: number, records: number) => `${counted(push, 'cell')} to push, ${counted(records, 'record')} to pull`,
  held: (n: number) => `${n.toLocaleString('en')} held`,
  sum: 'In all',
  off: 'switched off',
  paused: 'paused',
  started: (n: number) => `${counted(n, 'sync', 'syncs')} in the queue.`,
  joined: (n: number) => `${counted(n, 'queued sync takes', 'queued syncs take')} this in.`,
  skipped: (name: string, reason: string) => `${name} was left out: ${reason}`,
  connection: 'Connection',
  what: 'What would happen',
  credits: 'Credits',
  receipt: 'Receipt',
  again: 'Preview again',
  open: 'Open in the log',
  blocked: (left: number) =>
    `The monthly allowance is used up (${counted(left, 'credit')} left): this run does not start. Raise it on the page Usage; staged edits are kept.`,
  tight: (left: number) => `${counted(left, 'credit')} of the monthly allowance ${left === 1 ? 'is' : 'are'} left.`,
} as const
