// biome-ignore-all lint/suspicious/noTemplateCurlyInString: paths of experiment files have that form
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadExperiment } from '../../src/spec/load.ts';
import { fakeKinds } from './fake-kinds.ts';

const set: Readonly<Record<string, string>> = { MODELS: '/srv/models', HERE: 'below', EMPTY: '' };

function load(path: string) {
  const text = `name: x\nstages:\n  a: { kind: data, images: 1, list: "${path}" }\n`;
  const result = loadExperiment(
    'paper/x.yaml',
    fakeKinds,
    (file) => (file === 'paper/x.yaml' ? text : undefined),
    (name) => set[name],
  );
  if (!result.ok) return { problems: result.problems };
  const params = result.value.stages[0]?.params as { list: string } | undefined;
  return { list: params?.list, roots: result.value.roots };
}

describe('a path that begins with a variable', () => {
  it.each([
    ['$MODELS/clip', '/srv/models/clip'],
    ['${MODELS}/clip', '/srv/models/clip'],
    ['${MODELS:-data}/clip', '/srv/models/clip'],
    ['$MODELS', '/srv/models'],
    ['$HERE/clip', resolve('below/clip')],
    ['${EMPTY:-data}/clip', resolve('paper/data/clip')],
    ['${UNSET:-../data}/clip', resolve('data/clip')],
  ])('%s lies at %s', (path, expected) => {
    expect(load(path).list).toBe(expected);
  });

  it('tells which folder the variable stood for, and whether the machine or the file gave it', () => {
    expect(load('$MODELS/clip').roots).toEqual([{ variable: 'MODELS', folder: '/srv/models', isSet: true }]);
    const fallback = { variable: 'UNSET', folder: resolve('paper/data'), isSet: false };
    expect(load('${UNSET:-data}/clip').roots).toEqual([fallback]);
    expect(load('data/clip').roots).toBeUndefined();
  });

  it('is a mistake with its place where the variable is not set and the file has no default', () => {
    expect(load('$UNSET/clip').problems).toEqual([
      {
        code: 'unset-variable',
        message: 'the variable UNSET is not set',
        at: { file: 'paper/x.yaml', line: 3, column: 37 },
        hint: 'set it: UNSET=/a/folder sea ..., or write a default: ${UNSET:-folder}',
      },
    ]);
  });

  it.each(['$/clip', '${MODELS/clip', '$MODELS-7b/clip', '${MODELS:=data}/clip'])('%s is no form of one', (path) => {
    expect(load(path).problems?.map(({ code }) => code)).toEqual(['bad-variable']);
  });
});
