/** Texts that are the same for all spellings of a value. */

/** One text for all spellings of a number: 1.50 and 1.5. */
export function numericKey(value: string): string {
  if (!value.includes('.')) return value === '-0' ? '0' : value;
  const cut = value.replace(/\.?0+$/, '');
  return cut === '-0' || cut === '' ? '0' : cut;
}

/** Numbers in jsonb are equal whatever their spelling. */
export const canonicalJson = (text: string): string =>
  text.replace(/"(?:[^"\\]|\\.)*"|-?\d+\.\d+/g, (token) => (token.startsWith('"') ? token : numericKey(token)));
