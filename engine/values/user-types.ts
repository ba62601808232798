/**
 * Types that users have made, as values need to know them. `userType(id)` says what this thread has read last: names for messages, and
 * what never changes. Labels and attributes are asked of the statement's context (ValueContext.types), which knows them as of now.
 */

import type { RowValue } from '../storage/rows/row-value.ts';

export interface EnumLabel {
  readonly label: string;
  /** The value: numbers have the order of the labels, and are never given again. */
  readonly number: number;
  /** pg_enum.oid */
  readonly id: number;
}

export interface RowAttribute {
  readonly name: string;
  /** Attribute number. */
  readonly number: number;
  /** Name of an engine type (engine/sblr/types.ts). */
  readonly type: string;
  readonly length: number;
  readonly scale: number;
  readonly domain?: number;
}

export interface UserType {
  readonly kind: 'enum' | 'row' | 'domain';
  readonly id: number;
  /** pg_type.oid of its array type; 0: it has none. */
  readonly arrayId: number;
  readonly schema: string;
  readonly name: string;
  /** Of an enum, in order. */
  readonly labels: readonly EnumLabel[];
  /** Of a row type, in order. */
  readonly attributes: readonly RowAttribute[];
  /** Of a domain: what it stands for. */
  readonly base: string;
}

const known = new Map<number, UserType>();

/** Whoever reads a type from the catalog says so. */
export function noteUserType(type: UserType): void {
  known.set(type.id, type);
}

export const userType = (id: number): UserType | undefined => known.get(id);

/** What statements ask of types and of objects by number. */
export interface TypeDirectory {
  userType(id: number): UserType | null;
  /** The name of an object as its type shows it (regclass ...); null: there is none. */
  objectName(type: string, id: number): string | null;
  /** The number of the object that a text names. 42P01, 42704, 42883, 42725 ... */
  objectNumber(type: string, text: string): number;
  /** What the catalog says of an object (engine/values/catalog-primitives.ts); left out: nothing of any. */
  describe?(question: string, given: readonly RowValue[]): RowValue;
}
