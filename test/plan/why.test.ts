import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/hash.ts';
import { changesSince, parameterChanges, reasonFor, type Standing } from '../../src/plan/why.ts';
import type { Entry, Key } from '../../src/store/store.ts';

const [one, two] = [sha256('1'), sha256('2')];
const entry: Entry = {
  key: sha256('key') as string as Key,
  kind: 'train',
  version: 1,
  experiment: 'x',
  stage: 'model',
  name: 'model',
  identity: { epochs: 1 },
  inputs: { data: one },
  sources: { 'files.0': one },
  outputs: {},
  metrics: {},
  provenance: { host: '', platform: '', node: '', seagraph: '', engine: 'none', threads: 1, startedAt: '', seconds: 1 },
};
const now: Standing = {
  kind: 'train',
  version: 1,
  identity: { epochs: 1 },
  inputs: { data: { stage: 'source', digest: one } },
  sources: { 'files.0': one },
};

describe('differences of parameters', () => {
  it('are told by dotted path, with the old and the new value', () => {
    const old = { align: { weight: 0, window: 2 }, epochs: 1, gone: true };
    const changed = { align: { weight: 1, window: 2 }, epochs: 1, fresh: null };
    expect(parameterChanges(old, changed)).toEqual([
      { what: 'parameter', path: 'align.weight', old: 0, new: 1 },
      { what: 'parameter', path: 'fresh', new: null },
      { what: 'parameter', path: 'gone', old: true },
    ]);
  });

  it('compare lists whole and ignore the order of keys', () => {
    expect(parameterChanges({ a: [1, 2], b: { c: 1, d: 2 } }, { b: { d: 2, c: 1 }, a: [1, 3] })).toEqual([
      { what: 'parameter', path: 'a', old: [1, 2], new: [1, 3] },
    ]);
  });
});

describe('what changed since an entry', () => {
  const changes = (change: Partial<Standing>) => changesSince(entry, { ...now, ...change });

  it('is nothing when all is as it was', () => {
    expect(changes({})).toEqual([]);
  });

  it.each<[string, Partial<Standing>, object]>([
    ['version-changed', { version: 2 }, { what: 'version', old: 1, new: 2 }],
    ['params-changed', { identity: { epochs: 2 } }, { what: 'parameter', path: 'epochs', old: 1, new: 2 }],
    ['params-changed', { kind: 'tune', version: 7 }, { what: 'kind', old: 'train', new: 'tune' }],
    ['source-changed', { sources: { 'files.0': two } }, { what: 'source', name: 'files.0', old: one, new: two }],
    ['source-changed', { sources: {} }, { what: 'source', name: 'files.0', old: one }],
    ['input-changed', { inputs: {} }, { what: 'input', port: 'data', old: one }],
  ])('is %s for %j', (reason, change, expected) => {
    expect(changes(change)).toEqual([expected]);
    expect(reasonFor(changes(change))).toBe(reason);
  });

  it('names the stage behind an input, and leaves its content open until that has run', () => {
    const known = changes({ inputs: { data: { stage: 'source', digest: two } } });
    expect(known).toEqual([{ what: 'input', port: 'data', stage: 'source', old: one, new: two }]);
    const open = changes({ inputs: { data: { stage: 'source' } } });
    expect(open).toEqual([{ what: 'input', port: 'data', stage: 'source', old: one }]);
  });

  it('says first what the user wrote, when several things changed', () => {
    expect(reasonFor(changes({ identity: {}, version: 2, inputs: {} }))).toBe('params-changed');
    expect(reasonFor(changes({ version: 2, inputs: {}, sources: {} }))).toBe('version-changed');
    expect(reasonFor(changes({ inputs: {}, sources: {} }))).toBe('input-changed');
  });
});
