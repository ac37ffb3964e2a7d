/**
 * Loads what is opened later, so that this device has it without a network too: the note's editor, the dialogs of files, boards and timelines. Where it cannot be
 * loaded now, it is when it is opened.
 */
export async function fetchPartsAhead(): Promise<void> {
  await Promise.allSettled([
    import('./note-editor.tsx'),
    import('../files/file-dialog.tsx'),
    import('../files/export-dialog.tsx'),
    import('../board/board.tsx'),
    import('../timeline/timeline.tsx'),
  ])
}
