import { createContext, useContext } from 'react'
import type { FieldWork } from './field-work.ts'

export interface Person {
  readonly id: string
  readonly name: string
}

/** What editors of cells may do to the field itself; absent where nothing may be changed here. */
export interface FieldsContextValue {
  readonly work: FieldWork
  /** Everybody this workbook knows. */
  readonly people: readonly Person[]
}

export const FieldsContext = createContext<FieldsContextValue | undefined>(undefined)

export const useFields = (): FieldsContextValue | undefined => useContext(FieldsContext)
