import { isArtifact } from '../export/artifact.ts';
import { type DtypeName, type Exported, exportArtifact } from '../export/export.ts';
import { type Problem, ProblemError, suggest } from '../problem.ts';
import { modelCard } from '../report/card.ts';
import { paint, sizeText } from '../report/style.ts';
import { padRight } from '../report/width.ts';
import type { SqliteStore } from '../store/sqlite.ts';
import type { Entry } from '../store/store.ts';
import type { Context } from './context.ts';
import { findEntry, lineageOf } from './entry.ts';
import { json } from './output.ts';
import { onStopSignals } from './signals.ts';
import { parseSize } from './size.ts';

type ExportOptions = Readonly<{
  output: string;
  adapter?: boolean;
  dtype?: DtypeName;
  shard: string;
  force?: boolean;
  json?: boolean;
}>;

/** `sea export`: what a stage trained, as a folder that other programs load. */
export async function exportStage(
  wanted: string,
  file: string | undefined,
  options: ExportOptions,
  context: Context,
): Promise<number> {
  const { stage, port } = withoutPort(wanted);
  const shardBytes = parseSize(options.shard);
  const { entry, store } = await findEntry(stage, file, context);
  const signals = onStopSignals();
  try {
    const output = choosePort(store, entry, port);
    const exported = await exportArtifact(output.path, options.output, {
      adapter: options.adapter === true,
      force: options.force === true,
      shardBytes,
      ...(options.dtype === undefined ? {} : { dtype: options.dtype }),
      card: (facts) => modelCard(facts, lineageOf(store, entry)),
      signal: signals.stop,
    });
    print(exported, { stage: entry.stage, key: entry.key, port: output.port }, options, context.output);
    return 0;
  } catch (error) {
    if (signals.stop.aborted && !(error instanceof ProblemError)) return 130;
    throw error;
  } finally {
    signals.close();
    store.close();
  }
}

/** `finetune[+SEA].model` -> stage and port; names of stages and rows may have dots inside their brackets. */
function withoutPort(wanted: string): Readonly<{ stage: string; port?: string }> {
  const match = /^(.*\]|[^[\]]*?)\.([^.[\]]+)$/.exec(wanted);
  return match === null ? { stage: wanted } : { stage: match[1] as string, port: match[2] as string };
}

type Output = Readonly<{ port: string; path: string }>;

/** The output that was named, else the only one that was trained. */
function choosePort(store: SqliteStore, { stage, outputs }: Entry, port: string | undefined): Output {
  const bad = (problem: Problem): ProblemError => new ProblemError(problem);
  const ports = Object.keys(outputs);
  if (port !== undefined && !ports.includes(port)) {
    throw bad({ code: 'unknown-port', message: `${stage} has no output "${port}"`, hint: suggest(port, ports) });
  }
  const named = Object.entries(outputs).filter(([name]) => port === undefined || name === port);
  const gone = named.find(([, digest]) => !store.has(digest));
  if (gone !== undefined) {
    const message = `the output ${gone[0]} of ${stage} is no longer stored`;
    throw bad({ code: 'evicted', message, hint: 'sea run makes it again' });
  }
  const found = named.map(([name, digest]) => ({ port: name, path: store.path(digest) }));
  const trained = found.filter(({ path }) => isArtifact(path));
  const [only, ...more] = trained;
  if (only === undefined) {
    const message = `${port === undefined ? stage : `${stage}.${port}`} is no model, encoder, language model or adapter`;
    throw bad({
      code: 'not-exportable',
      message,
      hint: 'sea export writes what was trained; sea show tells the paths',
    });
  }
  if (more.length === 0) return only;
  const names = trained.map((one) => `${stage}.${one.port}`).join(', ');
  throw bad({ code: 'several-outputs', message: `${stage} left several models`, hint: `name one: ${names}` });
}

function print(
  { files, ...facts }: Exported,
  from: Readonly<{ stage: string; key: string; port: string }>,
  { output: folder, dtype, json: asJson }: ExportOptions,
  output: Context['output'],
): void {
  if (asJson === true) {
    output.out(json({ ...from, folder, ...facts, ...(dtype === undefined ? {} : { dtype }), files }));
    return;
  }
  const width = Math.max(...files.map(({ path }) => path.length));
  const summary = `${from.stage}.${from.port}: ${facts.family}, ${facts.parameters} parameters, in ${folder}`;
  output.out(
    [
      ...files.map(({ path, bytes }) => `  ${padRight(path, width)}  ${sizeText(bytes)}`),
      paint(output.style, 'dim', summary),
    ].join('\n'),
  );
}
