/**
 * The second rendering of generated code, for people (SBLR-G4): the same text in lines, with a legend of what its names stand for, and
 * behind each line the columns, functions and constants in it. It is shown and never compiled, for it has names of the user's.
 */

const WORD = /^\w+$/;
const WORDS = /\w+/g;

/** A brace behind one of these is no block's. */
const NO_BLOCK = /(?:const|let|[=,(]|\w\s*:|return)$/;
const LABEL = /^\w+:$/;
/** Stands on the line of the brace before it. */
const GOES_ON = new Set([',', ')', ';', '.', ']']);

interface Brace {
  readonly isBlock: boolean;
  /** Brackets that are open around it. */
  readonly depth: number;
}

/** The text with a statement a line. Generated code has no strings with braces or semicolons. */
function linesOf(text: string): string[] {
  const lines: string[] = [];
  const braces: Brace[] = [];
  let line = '';
  let depth = 0;
  const blocks = (): number => braces.filter(({ isBlock }) => isBlock).length;
  const end = (): void => {
    if (line.trim() !== '') lines.push(`${'  '.repeat(blocks())}${line.trim()}`);
    line = '';
  };
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (sign === '\n') {
      if (depth === 0) end();
      continue;
    }
    if (sign === '(' || sign === '[') depth++;
    if (sign === ')' || sign === ']') depth--;
    if (sign === '{') {
      const isBlock = LABEL.test(line.trim()) || !NO_BLOCK.test(line.trim());
      line += sign;
      if (isBlock) end();
      braces.push({ isBlock, depth });
      depth = 0;
      continue;
    }
    if (sign === '}') {
      const isBlock = braces.at(-1)?.isBlock === true;
      if (isBlock) end();
      depth = braces.pop()?.depth ?? 0;
      line += sign;
      if (isBlock && !GOES_ON.has(text[at + 1]) && !text.startsWith('else', at + 1)) end();
      continue;
    }
    line += sign;
    if (sign === ';' && depth === 0) end();
  }
  end();
  return lines;
}

const ofOneLine = (note: string): string => note.replaceAll(/[\r\n\u2028\u2029]/g, ' ');

/** `notes`: by name or expression, what it stands for. */
export function annotated(text: string, notes: ReadonlyMap<string, string>): string {
  const legend = [...notes].map(([name, note]) => `//   ${name}  ${ofOneLine(note)}`);
  // A statement may have thousands of names and of lines: each line is cut into its words once.
  const order = new Map([...notes.keys()].map((name, at) => [name, at]));
  const expressions = [...notes.keys()].filter((name) => !WORD.test(name));
  const lines = linesOf(text).map((line) => {
    const names = [...(line.match(WORDS) ?? []), ...expressions.filter((name) => line.includes(name))].filter((name) =>
      order.has(name),
    );
    names.sort((a, b) => (order.get(a) as number) - (order.get(b) as number));
    const found = new Set(names.map((name) => ofOneLine(notes.get(name) as string)));
    return found.size === 0 ? line : `${line}  // ${[...found].join('; ')}`;
  });
  return [...legend, ...lines].join('\n');
}
