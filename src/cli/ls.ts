import { duration, minuteOf, paint, sizeText } from '../report/style.ts';
import { padLeft, padRight, widthOf } from '../report/width.ts';
import { openStore, type SqliteStore } from '../store/sqlite.ts';
import type { Entry } from '../store/store.ts';
import { count, metricsText } from '../ui/words.ts';
import type { Context } from './context.ts';
import { json } from './output.ts';

type ListOptions = Readonly<{ kind?: string; experiment?: string; number?: number; json?: boolean }>;

/** `sea ls`: what is in the cache, newest first. */
export async function listEntries(options: ListOptions, { output, cache }: Context): Promise<number> {
  const store = openStore(cache, 'read');
  try {
    const sizes = new Map(store.objects().map(({ digest, bytes }) => [digest, bytes]));
    const all = [...store.entries()].reverse().filter((entry) => matches(entry, options));
    const shown = all.slice(0, options.number ?? (options.json === true ? all.length : 20));
    const rows = shown.map((entry) => describe(entry, store, sizes));
    if (options.json === true) output.out(json({ cache, entries: rows }));
    else if (rows.length === 0) output.out(`nothing in ${cache}`);
    else {
      const total = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
      const foot = `${shown.length < all.length ? `${shown.length} of ` : ''}${count(all.length, 'entry').replace('entrys', 'entries')}, ${sizeText(total)} in ${cache}`;
      output.out([...columns(rows.map(cells)), paint(output.style, 'dim', foot)].join('\n'));
    }
    return 0;
  } finally {
    store.close();
  }
}

function matches(entry: Entry, { kind, experiment }: ListOptions): boolean {
  return (kind === undefined || entry.kind === kind) && (experiment === undefined || entry.experiment === experiment);
}

type Listed = ReturnType<typeof describe>;

function describe(entry: Entry, store: SqliteStore, sizes: ReadonlyMap<string, number>) {
  const { key, kind, version, experiment, stage, metrics, provenance } = entry;
  const digests = [...new Set(Object.values(entry.outputs))];
  return {
    key,
    kind,
    version,
    experiment,
    stage,
    startedAt: provenance.startedAt,
    seconds: provenance.seconds,
    engine: provenance.engine,
    bytes: digests.reduce((sum, digest) => sum + (sizes.get(digest) ?? 0), 0),
    stored: digests.every((digest) => store.has(digest)),
    metrics,
  };
}

function cells({
  key,
  kind,
  experiment,
  stage,
  startedAt,
  seconds,
  bytes,
  stored,
  metrics,
}: Listed): readonly string[] {
  const when = minuteOf(startedAt);
  const size = stored ? sizeText(bytes) : 'evicted';
  return [key.slice(0, 10), when, experiment, stage, kind, duration(seconds), size, metricsText(metrics, 2)];
}

/** Texts left, times and sizes right. */
function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => widthOf(row[at] ?? '')))) ?? [];
  return rows.map((row) =>
    row
      .map((text, at) => (at === 5 || at === 6 ? padLeft(text, widths[at] ?? 0) : padRight(text, widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
