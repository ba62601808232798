/**
 * How the opcode tables of both forms are written down: one line a node, from which codegen/opcodes makes the types, builders,
 * verifier cases, printer, reader and the reference page (SBLR, 'Two forms').
 *
 *   column: node(1, 'expression', 'a column by its name', { name: 'name' })
 *           number, category, what it is, operands in the order of the encoding
 *
 * Kinds of operands: a category (`expression`: one node of it), `text`, `number`, `boolean`, or literals between bars (`'asc|desc'`).
 * Behind a kind `?` means it may be absent (null), `[]` a list. Numbers are retired, never reused.
 */

export interface OpcodeNode {
  readonly opcode: number;
  readonly category: string;
  readonly doc: string;
  readonly operands: { readonly [name: string]: string };
}

export type OpcodeTable = { readonly [name: string]: OpcodeNode };

/** One line of a table. */
export const node = (opcode: number, category: string, doc: string, operands: OpcodeNode['operands'] = {}): OpcodeNode => ({
  opcode,
  category,
  doc,
  operands,
});
