import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

/** The kinds of frame of the Hocuspocus protocol; 0–3 are y-websocket's as well. */
export const FRAME = { sync: 0, awareness: 1, auth: 2, queryAwareness: 3, syncReply: 4, stateless: 5, close: 7, syncStatus: 8 } as const

/** The steps within a sync frame. */
export const SYNC = { step1: 0, step2: 1, update: 2 } as const

const AUTH_TOKEN = 0
const AUTH_DENIED = 1

/** Longest address: a document's name and a session's id. */
const MAX_ADDRESS_LENGTH = 300

/** What the frame says before its content: for whom, and of what kind. `decoder` stands at the content. */
export interface Frame {
  /** The document's name, or name, NUL and session where one socket has a document twice. */
  readonly address: string
  readonly type: number
  readonly decoder: decoding.Decoder
}

/** @throws Error where the bytes are no frame. */
export function readFrame(bytes: Uint8Array): Frame {
  const decoder = decoding.createDecoder(bytes)
  const address = decoding.readVarString(decoder)
  if (address.length > MAX_ADDRESS_LENGTH) throw new Error('The address of a frame is too long')
  return { address, type: decoding.readVarUint(decoder), decoder }
}

export const documentOfAddress = (address: string): string => {
  const end = address.indexOf('\0')
  return end === -1 ? address : address.slice(0, end)
}

/** The frame without its address, as y-websocket speaks it. */
export function withoutAddress(bytes: Uint8Array): Uint8Array {
  const decoder = decoding.createDecoder(bytes)
  const length = decoding.readVarUint(decoder)
  return bytes.subarray(decoder.pos + length)
}

/** A y-websocket frame with the address Hocuspocus wants before it. */
export function withAddress(address: string, bytes: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarString(encoder, address)
  encoding.writeUint8Array(encoder, bytes)
  return encoding.toUint8Array(encoder)
}

export function authFrame(address: string, token: string): Uint8Array {
  return makeFrame(address, FRAME.auth, (encoder) => {
    encoding.writeVarUint(encoder, AUTH_TOKEN)
    encoding.writeVarString(encoder, token)
  })
}

/** @throws Error where the content of an authentication frame is none */
export function checkAuth(decoder: decoding.Decoder): void {
  decoding.readVarUint(decoder)
  decoding.readVarString(decoder)
}

/** @throws Error where the content of a presence frame is none: a list of client, clock and JSON */
export function checkAwareness(decoder: decoding.Decoder): void {
  const states = decoding.createDecoder(decoding.readVarUint8Array(decoder))
  for (let left = decoding.readVarUint(states); left > 0; left--) {
    decoding.readVarUint(states)
    decoding.readVarUint(states)
    const state: unknown = JSON.parse(decoding.readVarString(states))
    if (typeof state !== 'object') throw new Error('A presence is no object')
  }
}

/** Whether an authentication frame from the server (decoder at its content) says no. */
export const isDenial = (decoder: decoding.Decoder): boolean => decoding.readVarUint(decoder) === AUTH_DENIED

export function syncFrame(address: string, step: (typeof SYNC)[keyof typeof SYNC], payload: Uint8Array): Uint8Array {
  return makeFrame(address, FRAME.sync, (encoder) => {
    encoding.writeVarUint(encoder, step)
    encoding.writeVarUint8Array(encoder, payload)
  })
}

export const syncStatusFrame = (address: string, isSaved: boolean): Uint8Array =>
  makeFrame(address, FRAME.syncStatus, (encoder) => encoding.writeVarUint(encoder, isSaved ? 1 : 0))

export const statelessFrame = (address: string, payload: string): Uint8Array =>
  makeFrame(address, FRAME.stateless, (encoder) => encoding.writeVarString(encoder, payload))

function makeFrame(address: string, type: number, writeContent: (encoder: encoding.Encoder) => void): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarString(encoder, address)
  encoding.writeVarUint(encoder, type)
  writeContent(encoder)
  return encoding.toUint8Array(encoder)
}
