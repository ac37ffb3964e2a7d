import { describe, expect, test } from 'vitest'
import { initialsOf, inkOn, peersOf, peopleOf } from '../../app/collab/presence.ts'
import { contrast } from './contrast.ts'

const user = { id: 'p1', name: 'Ben Ortiz', color: '#d6336c', device: 'd1' }
const cursor = { sheet: 's1', row: 'r1', field: 'f1', isEditing: true }

describe('who is here', () => {
  test('[U28] others are known by what the server stamped, with the cell they are in', () => {
    const peers = peersOf(
      [
        [2, { user, cursor }],
        [1, { user, cursor }],
      ],
      1,
    )
    expect(peers).toEqual([
      { client: 2, ...user, cursor, sheet: cursor.sheet, ranges: [], liveText: undefined, isGuest: false, isIdle: false },
    ])
  })

  test.each([{ state: {} }, { state: { user: null } }, { state: { user: { id: 'p1' } } }, { state: { user: { ...user, name: '' } } }])(
    '[U28] a presence without a person is not shown: $state',
    ({ state }) => {
      expect(peersOf([[2, state]], 1)).toEqual([])
    },
  )

  test('[U28] a claim that makes no sense is left out of what is shown', () => {
    const [peer] = peersOf([[2, { user: { ...user, color: 'url(x)' }, cursor: { sheet: 1 } }]], 1)
    expect([peer?.color, peer?.cursor]).toEqual(['#55636f', undefined])
  })

  test('[U28] a person with several windows has one face', () => {
    const peers = peersOf(
      [2, 3, 4].map((client) => [client, { user: client === 4 ? { ...user, id: 'p2' } : user }] as const),
      1,
    )
    expect(peopleOf(peers).map((peer) => peer.client)).toEqual([2, 4])
  })

  test('[U28] faces carry initials', () => {
    expect(['Ben Ortiz', 'ann', '  ', 'Ana María de la Cruz', '李 明'].map(initialsOf)).toEqual(['BO', 'A', '?', 'AC', '李明'])
  })

  test('[U29] a name on any colour can be read', () => {
    for (let hue = 0; hue < 0x1000000; hue += 0x10f0d) {
      const color = `#${hue.toString(16).padStart(6, '0')}`
      expect(contrast(inkOn(color), color)).toBeGreaterThanOrEqual(4.5)
    }
  })
})
