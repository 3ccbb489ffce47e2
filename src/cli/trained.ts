import { isArtifact } from '../export/artifact.ts';
import { type Problem, ProblemError, suggest } from '../problem.ts';
import type { SqliteStore } from '../store/sqlite.ts';
import type { Entry } from '../store/store.ts';

/** `finetune[+SEA].model` -> stage and port; names of stages and rows may have dots inside their brackets. */
export function withoutPort(wanted: string): Readonly<{ stage: string; port?: string }> {
  const match = /^(.*\]|[^[\]]*?)\.([^.[\]]+)$/.exec(wanted);
  return match === null ? { stage: wanted } : { stage: match[1] as string, port: match[2] as string };
}

export type TrainedOutput = Readonly<{ port: string; path: string }>;

/** The output that was named, else the only one that was trained. */
export function choosePort(store: SqliteStore, { stage, outputs }: Entry, port: string | undefined): TrainedOutput {
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
