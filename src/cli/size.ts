import { ProblemError } from '../problem.ts';

/** `20GB`, `500 MB`, `1073741824`. */
export function parseSize(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(k|M|G|T)?B?\s*$/i.exec(text);
  if (match === null) {
    throw new ProblemError({ code: 'size', message: `"${text}" is no size`, hint: 'write it like 500MB or 20GB' });
  }
  const power = ['', 'k', 'm', 'g', 't'].indexOf((match[2] ?? '').toLowerCase());
  return Math.round(Number(match[1]) * 1000 ** power);
}
