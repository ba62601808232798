/** Rows out of what COPY ... TO STDOUT writes in its text format. */

const UNESCAPED: { readonly [letter: string]: string } = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

const unescaped = (field: string): string | null => {
  if (field === '\\N') return null;
  return field.includes('\\') ? field.replace(/\\(.)/gs, (_, letter: string) => UNESCAPED[letter] ?? letter) : field;
};

/** Each row, as texts. */
export async function* copyRows(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<(string | null)[]> {
  let rest = Buffer.alloc(0);
  for await (const piece of pieces) {
    const bytes =
      rest.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength) : Buffer.concat([rest, piece]);
    const end = bytes.lastIndexOf(10) + 1;
    rest = Buffer.from(bytes.subarray(end));
    if (end === 0) continue;
    for (const line of bytes.utf8Slice(0, end - 1).split('\n')) yield line.split('\t').map(unescaped);
  }
}
