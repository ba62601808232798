/** What forms.test.ts asks of both. */

export const SET_UP: readonly string[] = [
  `create table given (id int primary key, word text, amount numeric, document jsonb, written text);
   insert into given values (1, 'a', 1.5, '{"a": 1, "b": [1, 2, null], "c": {"d": "x"}}', '{"a": 1, "a": 2}'), (2, 'b', null, '[1, "2", true]', '[1]'),
     (3, null, 7, null, 'no json'), (4, 'd', -2, '"text"', null)`,
];

const BITS: readonly string[] = [
  "B'1010'",
  "X'1F'",
  "b''",
  "x'ff'::bit(8)::int",
  "B'12'",
  "X'1G'",
  "B'101' & B'110'",
  "B'1' || X'f'",
  "B'10'::bit(4)",
  "~B'10'",
  "case when B'1' = X'8' then 1 else 2 end",
];

const STRINGS: readonly string[] = [
  "U&'d\\0061t\\+000061'",
  "U&'d!0061t!+000061' uescape '!'",
  "U&'\\d83d\\de00'",
  "U&'\\d83d'",
  "U&'d!006' uescape '!'",
  "N'abc'",
  "E'\\u0041\\x41\\101\\t'",
  "'a'\n'b'",
  "$q$it's$q$",
  '0x1F + 0o17 + 0b11 + 1_000',
  '1e3',
  '.5',
];

export const FORMS: readonly string[] = [...BITS, ...STRINGS];
