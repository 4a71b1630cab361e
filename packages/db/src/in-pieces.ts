const rowsAtOnce = 500;

/**
 * Writes many rows a piece at a time, in order: of thousands in one statement the backend would keep the memory for as
 * long as it lives. A piece is put together while the one before it is being written.
 */
export async function inPieces<Row>(
  rows: readonly Row[],
  write: (piece: readonly Row[]) => Promise<unknown>,
): Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  for (const piece of piecesOf(rows)) {
    const next = write(piece);
    // It is awaited below; until then it must not count as a rejection that nobody handles.
    next.catch(() => undefined);
    await last;
    last = next;
  }
  await last;
}

export function* piecesOf<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let start = 0; start < rows.length; start += rowsAtOnce) yield rows.slice(start, start + rowsAtOnce);
}
