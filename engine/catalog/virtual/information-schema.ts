import type { VirtualTable } from './virtual-table.ts';

export const INFORMATION_SCHEMA: readonly VirtualTable[] = [];
