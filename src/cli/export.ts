import { type DtypeName, type Exported, exportArtifact } from '../export/export.ts';
import { ProblemError } from '../problem.ts';
import { modelCard } from '../report/card.ts';
import { paint, sizeText } from '../report/style.ts';
import { padRight } from '../report/width.ts';
import type { Context } from './context.ts';
import { findEntry, lineageOf } from './entry.ts';
import { json } from './output.ts';
import { onStopSignals } from './signals.ts';
import { parseSize } from './size.ts';
import { choosePort, withoutPort } from './trained.ts';

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
