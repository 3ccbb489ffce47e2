import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Digest, type Json, sha256 } from '../../src/hash.ts';
import { identify, identityOf, keyOf, sourcesOf } from '../../src/plan/key.ts';
import type { AnyKind } from '../../src/stages/kind.ts';
import { fakeKinds } from '../spec/fake-kinds.ts';

const kindNamed = (name: string) => fakeKinds.find((kind) => kind.kind === name) as AnyKind;
const shell = kindNamed('shell');
const params = { run: 'x', outputs: ['out'], files: ['/a/stage.sh', '/a/data.csv'], folder: '/a' };

const turned = (value: Json): Json => {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(turned);
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, turned(item)]),
  );
};

describe('a key', () => {
  it('does not depend on the order of keys', () => {
    const json = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<Record<string, Json>>;
    fc.assert(
      fc.property(json, fc.dictionary(fc.string(), fc.string()), (identity, names) => {
        const inputs = Object.fromEntries(Object.entries(names).map(([port, text]) => [port, sha256(text)]));
        const one = { kind: 'k', version: 1, identity, inputs, sources: {} };
        const other = {
          sources: {},
          inputs: turned(inputs) as Record<string, Digest>,
          identity: turned(identity),
          version: 1,
          kind: 'k',
        };
        expect(keyOf(other)).toBe(keyOf(one));
      }),
    );
  });

  it('depends on kind, version, parameters, ports, contents and sources', () => {
    const one = {
      kind: 'k',
      version: 1,
      identity: { a: 1 },
      inputs: { in: sha256('x') },
      sources: { file: sha256('y') },
    };
    const others = [
      { ...one, kind: 'other' },
      { ...one, version: 2 },
      { ...one, identity: { a: 2 } },
      { ...one, inputs: { other: sha256('x') } },
      { ...one, inputs: { in: sha256('z') } },
      { ...one, sources: { file: sha256('z') } },
      { ...one, sources: {} },
    ];
    expect(new Set([one, ...others].map(keyOf)).size).toBe(others.length + 1);
  });

  it('does not depend on where files lie, only on what they hold', () => {
    const moved = { ...params, files: ['/elsewhere/run.sh', '/b/data.csv'], folder: '/b' };
    const content = (path: string) => sha256(path.endsWith('.csv') ? 'data' : 'program');
    const key = (given: Json) => {
      const identity = identify(shell, given, {}, content);
      if ('missing' in identity) throw new Error(`${identity.missing.length} sources are missing`);
      return keyOf(identity);
    };
    expect(key(moved)).toBe(key(params));
    expect(identityOf(shell, params)).toEqual({ run: 'x', outputs: ['out'], files: [] });
  });

  it('names sources by the parameter that holds them', () => {
    expect(sourcesOf(shell, params)).toEqual({ 'files.0': '/a/stage.sh', 'files.1': '/a/data.csv' });
  });

  it('names every source that is not there', () => {
    expect(identify(shell, params, {}, (path) => (path.endsWith('.csv') ? sha256('') : undefined))).toEqual({
      missing: ['/a/stage.sh'],
    });
  });

  it('holds what a kind says matters', () => {
    expect(identityOf(kindNamed('train'), { epochs: 1, note: 'hello' })).toEqual({ epochs: 1 });
  });
});
