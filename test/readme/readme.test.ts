import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openExperiment } from '../../src/cli/experiment.ts';
import { findStages } from '../../src/cli/narrow.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { tensorflowVersion } from '../../src/setup/variant.mjs';
import {
  blocks,
  exchanges,
  fileText,
  foreignLines,
  inlineCode,
  movedText,
  patternOf,
  readme,
  root,
  words,
} from './document.ts';

const captionLength = 'src/stages/caption-length';

describe('the code in the README', () => {
  it('is the example kind, whole, as it would stand in src/stages', () => {
    const kind = movedText('test/examples/caption-length/kind.ts', `${captionLength}/kind.ts`);
    const run = movedText('test/examples/caption-length/run.ts', `${captionLength}/run.ts`);
    expect(blocks('ts').slice(0, 2)).toEqual([kind, run]);
  });

  it('shows how another program reads labels, from a file that test:interop runs', () => {
    expect(blocks('python').map((code) => fileText('test/interop/read_labels.py').includes(code))).toEqual([true]);
  });

  it('is the example benchmark, which is declared in the lines that are left out', () => {
    const [, , benchmark = '', ...more] = blocks('ts');
    expect(more).toEqual([]);
    expect(movedText('test/examples/yes-no/yes-no.ts', 'src/benchmarks/yes-no/yes-no.ts').endsWith(benchmark)).toBe(
      true,
    );
    expect(benchmark).toMatch(/^export const yesNo: Benchmark = \{/);
  });

  it('is, where it is YAML, what the files say', () => {
    const [tour, mini = '', quickstart = '', encoder, ...more] = blocks('yaml');
    expect(more).toEqual([]);
    expect(tour).toBe(fileText('test/examples/tour.yaml'));
    expect(foreignLines(mini, fileText('experiments/mini.yaml'))).toEqual([]);
    expect(foreignLines(quickstart, fileText('experiments/quickstart.yaml'))).toEqual([]);
    expect(encoder).toBe(fileText('test/examples/own-encoder.yaml'));
  });
});

describe('the tour of the README', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sea-tour-'));
    copyFileSync(join(root, 'test/examples/tour.yaml'), join(folder, 'tour.yaml'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('prints what the README says', () => {
    const cli = join(root, 'dist', 'cli.js');
    const told = blocks('console').flatMap(exchanges);
    expect(told.length).toBeGreaterThan(4);
    for (const { command, output } of told) {
      const shell = `sea() { "${process.execPath}" "${cli}" "$@"; }\n${command}`;
      const env = { PATH: process.env['PATH'], HOME: folder };
      const ended = spawnSync('sh', ['-c', shell], { cwd: folder, env, encoding: 'utf8' });
      expect(ended.stderr, command).toBe('');
      expect(ended.status, command).toBe(0);
      if (output === '') expect(ended.stdout, command).toBe('');
      else expect(ended.stdout, command).toMatch(patternOf(output));
    }
  });
});

const understood = new Error('the command line was understood');

/** The command line as the program takes it, up to where its work would begin. */
async function parse(line: string): Promise<unknown> {
  const program = buildProgram(
    '0',
    () => {
      throw understood;
    },
    () => undefined,
  );
  const silent = { writeErr: () => undefined, writeOut: () => undefined };
  for (const command of [program, ...program.commands]) command.configureOutput(silent);
  return program.parseAsync(['node', ...words(line)]).catch((error: unknown) => error);
}

describe('the commands in the README', () => {
  const inConsole = blocks('console')
    .flatMap(exchanges)
    .map(({ command }) => command);
  const lines = [...new Set([...inlineCode(), ...inConsole])].filter((line) => line.startsWith('sea '));

  it.each(lines)('%s is understood', async (line) => {
    expect(await parse(line)).toBe(understood);
  });

  it('would be refused if a flag were wrong', async () => {
    expect(await parse('sea run experiments/quickstart.yaml --row Baseline --fast')).toMatchObject({ exitCode: 1 });
    expect(await parse('sea table experiments/quickstart.yaml --format word')).toMatchObject({ exitCode: 1 });
  });

  it('name rows and stages of the quickstart that exist', async () => {
    const quickstart = await openExperiment(join(root, 'experiments/quickstart.yaml'), join(root, 'cache'));
    const asked = lines.map(words).filter((line) => line.includes('experiments/quickstart.yaml'));
    const following = (option: string) =>
      asked.flatMap((line) => {
        const rest = line.includes(option) ? line.slice(line.indexOf(option) + 1) : [];
        const end = rest.findIndex((word) => word.startsWith('--'));
        return end < 0 ? rest : rest.slice(0, end);
      });
    const compared = asked.flatMap(([, name, , ...rest]) => (name === 'compare' ? rest.slice(0, 2) : []));
    const rows = [...following('--row'), ...compared];
    const stages = [
      ...following('--stage'),
      ...asked.flatMap(([, name, stage]) => (name === 'why' || name === 'show' ? [stage ?? ''] : [])),
    ];
    expect([rows.length, stages.length]).not.toContain(0);
    expect(rows.filter((name) => quickstart.rows.every((row) => row.name !== name))).toEqual([]);
    expect(stages.filter((stage) => !findStages(quickstart, stage).ok)).toEqual([]);
  });

  it('are all there are', () => {
    const names = buildProgram(
      '0',
      () => Promise.reject() as never,
      () => undefined,
    ).commands.map((one) => one.name());
    expect([...new Set(lines.map((line) => words(line)[1]))].sort()).toEqual(names.sort());
  });

  it('have options that exist', () => {
    const known = buildProgram(
      '0',
      () => Promise.reject() as never,
      () => undefined,
    )
      .commands.flatMap(({ options }) => options.map(({ long }) => long))
      .concat('--cache', '--plain', '--help');
    const named = inlineCode().flatMap((code) => (code.startsWith('npx ') ? [] : (code.match(/--[a-z-]+/g) ?? [])));
    expect(named.filter((option) => !known.includes(option))).toEqual([]);
  });

  it('print JSON that schemas/output describes', () => {
    const program = buildProgram(
      '0',
      () => Promise.reject() as never,
      () => undefined,
    );
    const withJson = program.commands.filter(({ options }) => options.some(({ long }) => long === '--json'));
    const schemas = withJson.map((command) => `schemas/output/${command.name()}.schema.json`);
    expect(schemas.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe('what the README names', () => {
  it('is every folder of src, each once', () => {
    const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const listed = Array.from(readme.matchAll(/^\| `src\/([^/`]+)\/` \|/gm), ([, name = '']) => name);
    expect(listed.sort()).toEqual(folders.map(({ name }) => name).sort());
  });

  it('exists, where it is a file', () => {
    const links = Array.from(readme.matchAll(/\]\(([^)#]+)\)/g), ([, path = '']) => path);
    const inCode = inlineCode().filter((code) => /^(src|test|experiments|schemas)\/[^<* ]+$/.test(code));
    const missing = [...links, ...inCode].filter((path) => !/^https?:/.test(path) && !existsSync(join(root, path)));
    expect(missing).toEqual([]);
  });

  it('is a script of package.json, where it is run by npm', () => {
    const { scripts } = JSON.parse(fileText('package.json')) as { scripts: Record<string, string> };
    const run = Array.from(readme.matchAll(/\bnpm run ([a-z:]+)/g), ([, name = '']) => name);
    expect(run.filter((name) => scripts[name] === undefined)).toEqual([]);
    expect([scripts['start'], scripts['test']]).not.toContain(undefined);
  });

  it('is read by the program or set for a command, where it is an environment variable', () => {
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(ts|mjs)$/.test(path))
      .map((path) => readFileSync(join(root, 'src', path), 'utf8'));
    const named = [...new Set(readme.match(/\b(SEA|XDG)_[A-Z_]+\b/g))];
    const isKnown = (name: string) => sources.some((text) => text.includes(`'${name}'`) || text.includes(` ${name}: `));
    expect(named.filter((name) => !isKnown(name))).toEqual([]);
  });

  it('is every file that tells CLIP from SigLIP, for who adds another encoder', () => {
    for (const folder of ['src/data', 'src/nn']) {
      const files = readdirSync(join(root, folder)).filter((name) =>
        /'(clip|siglip)'/.test(fileText(`${folder}/${name}`)),
      );
      expect(readme).toContain(
        `\`${folder}/\` (${files
          .sort()
          .map((name) => `\`${name}\``)
          .join(', ')})`,
      );
    }
  });

  it('is the Node and the TensorFlow that set-up asks for', () => {
    const { engines } = JSON.parse(fileText('package.json')) as { engines: { node: string } };
    expect(readme).toContain(`Node ${engines.node.replace('>=', '')}`);
    expect(readme).toContain(`TensorFlow ${tensorflowVersion.replace(/\.\d+$/, '')} `);
  });

  it('is no path of one machine', () => {
    expect(readme + fileText('CHANGELOG.md')).not.toMatch(/(^|[\s"'`(=])\/(home|root|work|Users|tmp|var)\b/);
  });
});
