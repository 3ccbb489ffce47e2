import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { locateModels } from '../../src/cli/hub.ts';
import { missingFiles, missingText } from '../../src/cli/missing.ts';
import type { Experiment } from '../../src/spec/experiment.ts';
import { kinds } from '../../src/stages/kinds.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hub-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const REPOSITORY = 'openai/clip-vit-large-patch14-336';
const byName = new Map(kinds.map((kind) => [kind.kind, kind]));

function experiment(path: string, hub?: string): Experiment {
  const params = { type: 'encoder', path, ...(hub === undefined ? {} : { hub }), origin: 'CLIP' };
  const at = { file: 'x.yaml', line: 1, column: 1 };
  return {
    name: 'x',
    file: 'x.yaml',
    rows: [],
    seeds: [],
    cells: [],
    stages: [{ id: 'clip', name: 'clip', kind: 'checkpoint', params, inputs: {}, at }],
    tables: [],
    roots: [{ variable: 'SEA_DATA', folder: join(root, 'data'), isSet: false }],
  };
}

/** A repository as huggingface_hub keeps it; the revision that refs/main names comes first. */
function cacheRepository(below: string, revisions: readonly string[], main = revisions[0]): string {
  const folder = join(below, 'models--openai--clip-vit-large-patch14-336');
  for (const revision of revisions) mkdirSync(join(folder, 'snapshots', revision), { recursive: true });
  mkdirSync(join(folder, 'refs'), { recursive: true });
  if (main !== undefined) writeFileSync(join(folder, 'refs', 'main'), main);
  return folder;
}

function located(path: string, env: Readonly<Record<string, string>>, hub?: string): string | undefined {
  const params = locateModels(experiment(path, hub), byName, env).stages[0]?.params as { path: string } | undefined;
  return params?.path;
}

describe('a model that the experiment names by its repository', () => {
  it('is found in the cache that HF_HOME or HF_HUB_CACHE names, at the revision of refs/main', () => {
    const folder = cacheRepository(join(root, 'home', 'hub'), ['new', 'old']);
    const absent = join(root, 'data', 'clip');
    expect(located(absent, { HF_HOME: join(root, 'home') }, REPOSITORY)).toBe(join(folder, 'snapshots', 'new'));
    expect(located(absent, { HF_HUB_CACHE: join(root, 'home', 'hub') }, REPOSITORY)).toContain('snapshots');
  });

  it('is taken from its path first, and from the cache only under its own name', () => {
    cacheRepository(join(root, 'home', 'hub'), ['new']);
    const own = join(root, 'data', 'clip');
    const env = { HF_HOME: join(root, 'home') };
    expect(located(own, env)).toBe(own);
    expect(located(own, env, 'openai/clip-vit-base-patch32')).toBe(own);
    mkdirSync(own, { recursive: true });
    expect(located(own, env, REPOSITORY)).toBe(own);
  });

  it('stays missing where a download has left no whole snapshot', () => {
    const folder = cacheRepository(join(root, 'home', 'hub'), [], 'gone');
    const absent = join(root, 'data', 'clip');
    expect(located(absent, { HF_HOME: join(root, 'home') }, REPOSITORY)).toBe(absent);
    expect(located(folder, {})).toBe(folder);
  });
});

it('a path to a folder of the cache means its snapshot', () => {
  const folder = cacheRepository(root, ['one', 'two'], 'two');
  expect(located(folder, {})).toBe(join(folder, 'snapshots', 'two'));
});

it('what is missing is listed with its place below the variable, what it is and where else it may lie', () => {
  const missing = missingFiles(experiment(join(root, 'data', 'clip'), REPOSITORY));
  expect(missingText(missing, 'plain').split('\n')).toEqual([
    `1 stage waits for files, to be put below ${join(root, 'data')} (SEA_DATA, not set: the default of the file):`,
    `  clip  CLIP; or ${REPOSITORY} in Hugging Face's cache`,
  ]);
});
