import { hash } from 'node:crypto';

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** SHA-256 in hex. */
export type Digest = string & { readonly __digest: never };

/** JSON with sorted keys and no spaces: equal values give equal text. Throws on NaN and Infinity. */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`a number that JSON cannot hold: ${value}`);
    return JSON.stringify(value);
  }
  // Text is added up in loops: this is called for every stage, and lists of parts would cost twice as much.
  let text = '';
  if (isArray(value)) {
    for (const item of value) text += `${text === '' ? '' : ','}${canonicalJson(item)}`;
    return `[${text}]`;
  }
  for (const key of Object.keys(value).sort())
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(value[key] as Json)}`;
  return `{${text}}`;
}

export function sha256(data: string | Uint8Array): Digest {
  return hash('sha256', data) as Digest;
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
