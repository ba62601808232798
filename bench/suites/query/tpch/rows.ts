/**
 * TPC-H's data, drawn by the rules of the specification (3.0, 4.2.3) with numbers of our own: row counts, ranges, dependencies and
 * text lists are those of dbgen, the values are not. Rows come in the order of the primary key.
 *
 * A row is what every engine takes: whole numbers, texts, money as a text with two digits, dates as days since 1970.
 */

import { Random } from './random.ts';
import {
  ADJECTIVES,
  ADVERBS,
  COLORS,
  CONTAINER_KINDS,
  CONTAINER_SIZES,
  INSTRUCTIONS,
  MODES,
  NATIONS,
  NOUNS,
  PRIORITIES,
  REGIONS,
  SEGMENTS,
  TYPE_FINISHES,
  TYPE_METALS,
  TYPE_SIZES,
  VERBS,
} from './words.ts';

/** Money in hundredths. */
export type Cents = number;
/** Days since 1970. */
export type Days = number;

const day = (text: string): Days => Date.parse(text) / 86_400_000;
const FIRST_ORDER = day('1992-01-01');
const LAST_ORDER = day('1998-08-02');
const TODAY = day('1995-06-17');

const padded = (number: number): string => String(number).padStart(9, '0');
const money = (cents: Cents): string => {
  const whole = Math.abs(cents);
  return `${cents < 0 ? '-' : ''}${Math.floor(whole / 100)}.${String(whole % 100).padStart(2, '0')}`;
};

function comment(random: Random, least: number, most: number): string {
  const length = random.between(least, most);
  let text = '';
  while (text.length < length) {
    text += `${random.of(ADVERBS)} ${random.of(ADJECTIVES)} ${random.of(NOUNS)} ${random.of(VERBS)}${random.of(['. ', ' ', '; '])}`;
  }
  return text.slice(0, length).trim();
}

const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ,';

function address(random: Random): string {
  let text = '';
  for (let left = random.between(10, 40); left > 0; left--) text += LETTERS[random.between(0, LETTERS.length - 1)];
  return text.trim();
}

const phone = (random: Random, nation: number): string =>
  `${nation + 10}-${random.between(100, 999)}-${random.between(100, 999)}-${random.between(1000, 9999)}`;

export interface Sizes {
  readonly suppliers: number;
  readonly parts: number;
  readonly customers: number;
  readonly orders: number;
  readonly clerks: number;
}

/** Rows of each table at a scale factor. */
export const sizesOf = (scale: number): Sizes => ({
  suppliers: Math.max(10, Math.round(scale * 10_000)),
  parts: Math.max(200, Math.round(scale * 200_000)),
  customers: Math.max(150, Math.round(scale * 150_000)),
  orders: Math.max(1500, Math.round(scale * 1_500_000)),
  clerks: Math.max(10, Math.round(scale * 1000)),
});

export type Row = readonly (string | number)[];

export function* regions(): Generator<Row> {
  const random = new Random(1);
  for (const [key, name] of REGIONS.entries()) yield [key, name, comment(random, 31, 115)];
}

export function* nations(): Generator<Row> {
  const random = new Random(2);
  for (const [key, [name, region]] of NATIONS.entries()) yield [key, name, region, comment(random, 31, 114)];
}

export function* suppliers(sizes: Sizes): Generator<Row> {
  const random = new Random(3);
  // 5 suppliers of 10,000 have complaints, and 5 recommendations.
  const each = Math.max(5, Math.floor(sizes.suppliers / Math.max(1, Math.round(sizes.suppliers / 2000))));
  for (let key = 1; key <= sizes.suppliers; key++) {
    const nation = random.between(0, 24);
    const text = comment(random, 25, 100);
    const place = key % each;
    const note = place === 1 ? 'Customer Complaints' : place === 2 ? 'Customer Recommends' : '';
    const balance = money(random.between(-99_999, 999_999));
    const about = note === '' ? text : `${text.slice(0, 20)} ${note.replace(' ', ' slyly ')} ${text.slice(20, 40)}`;
    yield [key, `Supplier#${padded(key)}`, address(random), nation, phone(random, nation), balance, about];
  }
}

const retailPrice = (part: number): Cents => 90_000 + (Math.floor(part / 10) % 20_001) + 100 * (part % 1000);

export function* parts(sizes: Sizes): Generator<Row> {
  const random = new Random(4);
  for (let key = 1; key <= sizes.parts; key++) {
    const names = new Set<string>();
    while (names.size < 5) names.add(random.of(COLORS));
    const maker = random.between(1, 5);
    yield [
      key,
      [...names].join(' '),
      `Manufacturer#${maker}`,
      `Brand#${maker}${random.between(1, 5)}`,
      `${random.of(TYPE_SIZES)} ${random.of(TYPE_FINISHES)} ${random.of(TYPE_METALS)}`,
      random.between(1, 50),
      `${random.of(CONTAINER_SIZES)} ${random.of(CONTAINER_KINDS)}`,
      money(retailPrice(key)),
      comment(random, 5, 22),
    ];
  }
}

/** The supplier number `place` (0 to 3) of a part. */
const supplierOf = (part: number, place: number, suppliers: number): number =>
  ((part + place * (Math.floor(suppliers / 4) + Math.floor((part - 1) / suppliers))) % suppliers) + 1;

export function* partSuppliers(sizes: Sizes): Generator<Row> {
  const random = new Random(5);
  for (let part = 1; part <= sizes.parts; part++) {
    const keys = new Set<number>();
    for (let place = 0; place < 4; place++) keys.add(supplierOf(part, place, sizes.suppliers));
    for (const supplier of [...keys].sort((a, b) => a - b)) {
      yield [part, supplier, random.between(1, 9999), money(random.between(100, 100_000)), comment(random, 49, 198)];
    }
  }
}

export function* customers(sizes: Sizes): Generator<Row> {
  const random = new Random(6);
  for (let key = 1; key <= sizes.customers; key++) {
    const nation = random.between(0, 24);
    yield [
      key,
      `Customer#${padded(key)}`,
      address(random),
      nation,
      phone(random, nation),
      money(random.between(-99_999, 999_999)),
      random.of(SEGMENTS),
      comment(random, 29, 116),
    ];
  }
}

export interface Order {
  readonly order: Row;
  readonly lines: readonly Row[];
}

function line(
  random: Random,
  sizes: Sizes,
  key: number,
  number: number,
  ordered: Days,
): { row: Row; price: number; status: string } {
  const part = random.between(1, sizes.parts);
  const supplier = supplierOf(part, random.between(0, 3), sizes.suppliers);
  const quantity = random.between(1, 50);
  const extended = quantity * retailPrice(part);
  const discount = random.between(0, 10);
  const tax = random.between(0, 8);
  const shipped = ordered + random.between(1, 121);
  const committed = ordered + random.between(30, 90);
  const received = shipped + random.between(1, 30);
  const flag = received <= TODAY ? random.of(['R', 'A']) : 'N';
  const status = shipped > TODAY ? 'O' : 'F';
  const figures = [money(quantity * 100), money(extended), money(discount), money(tax)];
  const ways = [random.of(INSTRUCTIONS), random.of(MODES), comment(random, 10, 43)];
  const row = [key, part, supplier, number, ...figures, flag, status, shipped, committed, received, ...ways];
  return { row, price: (extended * (100 + tax) * (100 - discount)) / 10_000, status };
}

/** Orders with their lines: 8 of every 32 keys are in use, and every third customer has none. */
export function* orders(sizes: Sizes): Generator<Order> {
  const random = new Random(7);
  for (let at = 0; at < sizes.orders; at++) {
    const key = Math.floor(at / 8) * 32 + (at % 8) + 1;
    let customer = random.between(1, sizes.customers);
    while (customer % 3 === 0) customer = random.between(1, sizes.customers);
    const ordered = random.between(FIRST_ORDER, LAST_ORDER);
    const count = random.between(1, 7);
    const lines = Array.from({ length: count }, (_, index) => line(random, sizes, key, index + 1, ordered));
    const statuses = new Set(lines.map(({ status }) => status));
    const status = statuses.size > 1 ? 'P' : [...statuses][0];
    const total = Math.round(lines.reduce((sum, { price }) => sum + price, 0));
    const clerk = `Clerk#${padded(random.between(1, sizes.clerks))}`;
    const about = [random.of(PRIORITIES), clerk, 0, comment(random, 19, 78)];
    yield { order: [key, customer, status, money(total), ordered, ...about], lines: lines.map(({ row }) => row) };
  }
}
