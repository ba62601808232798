/**
 * What catalogs, drivers and tools live on: rows that refer to others, scans with regular expressions and paths into documents, the
 * catalog of many tables.
 */
import type { Measure } from '../harness/measure.ts';
import { describeMeasures } from './tools/describe.ts';
import { foreignKeyMeasures } from './tools/foreign-keys.ts';
import { scanMeasures } from './tools/scans.ts';

const measures: readonly Measure[] = [...foreignKeyMeasures, ...scanMeasures, ...describeMeasures];
export default measures;
