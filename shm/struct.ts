/**
 * Declarations of fixed binary structures: headers, slots, descriptors (rule SM-S4).
 *
 * A `*.layout.ts` file declares each structure once with defineStruct(); `npm run gen` reads that file and writes the
 * accessors beside it (`*.layout.gen.ts`) and the reference page docs/formats.md. The declaration is checked when the
 * module loads, so that a layout with an overlap cannot run at all. All offsets are bytes; a structure is addressed
 * by the byte offset of its start inside a segment.
 *
 * Pure data. This file imports nothing.
 */

/** Bytes and alignment of each field type. `bytes` takes its size from the declared length. */
export const FIELD_SHAPES = {
  u8: { bytes: 1, alignment: 1 },
  u16: { bytes: 2, alignment: 2 },
  i32: { bytes: 4, alignment: 4 },
  u32: { bytes: 4, alignment: 4 },
  /** Any double. */
  f64: { bytes: 8, alignment: 8 },
  /** A byte position in the log, as a double. */
  lsn: { bytes: 8, alignment: 8 },
  /** Microseconds since the epoch, as a double. */
  time: { bytes: 8, alignment: 8 },
  /** An int32 that threads share: touched through Atomics only. */
  atomic32: { bytes: 4, alignment: 4 },
  /** Sequence word, high word, low word: an integer of up to 53 bits that threads share (rule SM-S5). */
  shared53: { bytes: 12, alignment: 4 },
  bytes: { bytes: 0, alignment: 1 },
} as const;

export type FieldType = keyof typeof FIELD_SHAPES;

export type FieldDeclaration = {
  /** Byte offset in the structure. Left out: after the previous field, at the type's natural alignment. */
  readonly at?: number;
  readonly type: FieldType;
  /** Size of a `bytes` field; no other type has one. */
  readonly length?: number;
  readonly doc: string;
  /** What one counts in: 'bytes', 'microseconds', 'pages'. */
  readonly unit?: string;
};

export type StructDeclaration<Names extends string> = {
  /** camelCase noun: accessors are frameVersion, constants FRAME_VERSION. */
  readonly name: string;
  readonly doc: string;
  /** Total size. Left out: the end of the last field, rounded up to 8. */
  readonly bytes?: number;
  readonly fields: { readonly [name in Names]: FieldDeclaration };
};

/** A field with its place settled. */
export type Field = {
  readonly at: number;
  readonly bytes: number;
  readonly type: FieldType;
  readonly doc: string;
  readonly unit: string;
};

export type Struct<Names extends string = string> = {
  readonly name: string;
  readonly doc: string;
  readonly bytes: number;
  /** The start of the structure must be a multiple of this. */
  readonly alignment: number;
  readonly fields: { readonly [name in Names]: Field };
};

/** A layout that cannot be: the program must not start with it. */
export class StructError extends Error {
  override readonly name = 'StructError';
}

const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

const CAMEL_CASE = /^[a-z][A-Za-z0-9]*$/;

function settleField(struct: string, name: string, declared: FieldDeclaration, previousEnd: number): Field {
  const where = `${struct}.${name}`;
  if (!CAMEL_CASE.test(name)) throw new StructError(`${where}: a field's name is a camelCase noun`);
  const shape = FIELD_SHAPES[declared.type];
  if (shape === undefined) throw new StructError(`${where}: no such type: ${declared.type}`);
  if ((declared.type === 'bytes') !== (declared.length !== undefined)) {
    throw new StructError(`${where}: a length belongs to type bytes, and only there`);
  }
  const bytes = declared.length ?? shape.bytes;
  if (!Number.isInteger(bytes) || bytes <= 0) throw new StructError(`${where}: ${bytes} is not a size`);
  const at = declared.at ?? roundUp(previousEnd, shape.alignment);
  if (!Number.isInteger(at) || at < 0) throw new StructError(`${where}: ${at} is not an offset`);
  if (at % shape.alignment !== 0)
    throw new StructError(`${where}: ${declared.type} at byte ${at} must be a multiple of ${shape.alignment}`);
  return { at, bytes, type: declared.type, doc: declared.doc, unit: declared.unit ?? '' };
}

function rejectOverlaps(struct: string, fields: Record<string, Field>): void {
  const inOrder = Object.entries(fields).sort(([, a], [, b]) => a.at - b.at);
  for (let index = 1; index < inOrder.length; index++) {
    const [name, field] = inOrder[index];
    const [beforeName, before] = inOrder[index - 1];
    if (field.at < before.at + before.bytes)
      throw new StructError(`${struct}: ${name} overlaps ${beforeName} at byte ${field.at}`);
  }
}

/** Settles the offsets of a structure and checks it: throws on overlap, misalignment, or a size that is exceeded. */
export function defineStruct<Names extends string>(declared: StructDeclaration<Names>): Struct<Names> {
  const { name } = declared;
  if (!CAMEL_CASE.test(name)) throw new StructError(`${name}: a structure's name is a camelCase noun`);
  const fields: Record<string, Field> = {};
  let previousEnd = 0;
  let end = 0;
  let alignment = 1;
  for (const fieldName of Object.keys(declared.fields) as Names[]) {
    const field = settleField(name, fieldName, declared.fields[fieldName], previousEnd);
    fields[fieldName] = field;
    previousEnd = field.at + field.bytes;
    end = Math.max(end, previousEnd);
    alignment = Math.max(alignment, FIELD_SHAPES[field.type].alignment);
  }
  if (end === 0) throw new StructError(`${name}: no fields`);
  rejectOverlaps(name, fields);
  const bytes = declared.bytes ?? roundUp(end, 8);
  if (!Number.isInteger(bytes) || end > bytes)
    throw new StructError(`${name}: fields end at byte ${end}, beyond its ${bytes} bytes`);
  if (bytes % alignment !== 0) throw new StructError(`${name}: ${bytes} bytes is not a multiple of its alignment ${alignment}`);
  return { name, doc: declared.doc, bytes, alignment, fields: fields as { [name in Names]: Field } };
}
