import { ProblemError } from '../problem.ts';

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes for people, in steps of 1000: `812 B`, `3.4 MB`. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : Number(value.toPrecision(2))} ${units[unit]}`;
}

/** `20GB`, `500 MB`, `1073741824`. */
export function parseSize(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(k|M|G|T)?B?\s*$/i.exec(text);
  if (match === null) {
    throw new ProblemError({ code: 'size', message: `"${text}" is no size`, hint: 'write it like 500MB or 20GB' });
  }
  const power = ['', 'k', 'm', 'g', 't'].indexOf((match[2] ?? '').toLowerCase());
  return Math.round(Number(match[1]) * 1000 ** power);
}
