import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Place, Problem } from '../problem.ts';
import { paint, type Style } from '../report/style.ts';
import { padRight, widthOf } from '../report/width.ts';
import type { Experiment, Root } from '../spec/experiment.ts';
import { kindsByName } from '../stages/kinds.ts';
import { count } from '../ui/words.ts';

/** What a stage reads outside the store and does not find. */
export type Missing = Readonly<{
  stage: string;
  kind: string;
  paths: readonly string[];
  /** what it is and where it comes from, as the file says */
  origin?: string;
  /** its repository in Hugging Face's cache would do as well */
  hub?: string;
  /** the file leaves the place to this machine: all paths begin with this variable's folder */
  root?: Root;
  at: Place;
}>;

/** Files and folders outside the store that stages read and that are not there. */
export function missingFiles({ stages, roots = [] }: Experiment): readonly Missing[] {
  const known = new Map<string, boolean>(); // many stages may read one file
  const isThere = (path: string): boolean => {
    const found = known.get(path) ?? existsSync(path);
    known.set(path, found);
    return found;
  };
  return stages.flatMap(({ id, kind: name, params, at }) => {
    const kind = kindsByName.get(name);
    const paths = (kind?.sources?.(params) ?? []).filter((path) => !isThere(path));
    if (paths.length === 0) return [];
    const root = roots.find(({ folder }) => paths.every((path) => path.startsWith(join(folder, sep))));
    const origin = kind?.origin?.(params);
    const hub = kind?.hub?.(params);
    return [
      {
        stage: id,
        kind: name,
        paths,
        ...(origin === undefined ? {} : { origin }),
        ...(hub === undefined ? {} : { hub }),
        ...(root === undefined ? {} : { root }),
        at,
      },
    ];
  });
}

/** To mend before anything starts. */
export function missingProblem({ stage, paths, origin, root, at }: Missing): Problem {
  const message = `stage ${stage} reads ${paths.join(' and ')}, which ${paths.length === 1 ? 'is' : 'are'} not there`;
  const about = origin === undefined ? [] : [origin];
  const hint = [...about, ...(root === undefined || root.isSet ? [] : [`${root.variable} is not set`])].join('; ');
  return { code: 'source-missing', message, at, ...(hint === '' ? {} : { hint }) };
}

/** What is missing, by the folder that has to hold it: the place of each thing, what it is and where it comes from. */
export function missingText(missing: readonly Missing[], style: Style): string {
  const groups = new Map<string, Missing[]>();
  for (const one of missing) {
    const key = one.root === undefined ? '' : `${one.root.variable} ${one.root.folder}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].map((group) => groupText(group, style)).join('\n');
}

function groupText(group: readonly Missing[], style: Style): string {
  const root = group[0]?.root;
  const rows = group.flatMap(({ stage, kind, paths, origin, hub }) =>
    paths.map((path, i) => {
      const place = root === undefined ? path : relative(root.folder, path);
      const cached = hub === undefined ? [] : [`or ${hub} in Hugging Face's cache`];
      return { place, about: i === 0 ? [origin ?? `${stage} (${kind})`, ...cached].join('; ') : 'as above' };
    }),
  );
  const width = Math.max(...rows.map(({ place }) => widthOf(place)));
  const where =
    root === undefined
      ? 'at the paths that the file gives'
      : `below ${root.folder} (${root.variable}${root.isSet ? '' : ', not set: the default of the file'})`;
  return [
    paint(
      style,
      'bold',
      `${count(group.length, 'stage')} ${group.length === 1 ? 'waits' : 'wait'} for files, to be put ${where}:`,
    ),
    ...rows.map(({ place, about }) => `  ${padRight(place, width)}  ${paint(style, 'dim', about)}`),
  ].join('\n');
}
