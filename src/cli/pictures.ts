import { join } from 'node:path';
import { dataUri, labelledImages, pictureLabels, squarePicture } from '../labels/picture.ts';
import { statisticsOf } from '../labels/statistics.ts';
import type { DrawnFigure } from '../report/html/figure.ts';
import type { LabelledPictures } from '../report/html/report.ts';
import { thumbnailSvg } from '../report/labels/picture-svg.ts';
import { statisticsSvg } from '../report/labels/statistics-svg.ts';
import type { Readings } from '../report/table.ts';
import type { Experiment, StageSpec } from '../spec/experiment.ts';
import { type AnyKind, type PortType, portsOf } from '../stages/kind.ts';
import { kindsByName } from '../stages/kinds.ts';
import type { Entry, Store } from '../store/store.ts';

/** Pictures of each stage, and stages, that a report shows. */
const PICTURES = 3;
const STAGES = 12;

/** What stages left as patch labels, each content once, where labels and pictures are still stored. */
export function labelSets({ stages }: Experiment, readings: Readings, store: Store): readonly LabelFolders[] {
  const sets = stages.flatMap((spec) => {
    const reading = readings.get(spec.id);
    if (reading === undefined || !('entry' in reading)) return [];
    const mark = reading.state === 'stale' ? ' (stale)' : '';
    return setsOf(spec, reading.entry, store).map((set) => ({ ...set, stage: `${set.stage}${mark}` }));
  });
  return [...new Map(sets.map((set) => [set.labels, set])).values()].slice(0, STAGES);
}

/** How the labels that stages drew from an encoder are distributed: Figure 6 of each set. */
export async function labelFigures(sets: readonly LabelFolders[]): Promise<readonly DrawnFigure[]> {
  const drawn: DrawnFigure[] = [];
  for (const { stage, kind, labels } of sets) {
    if (kind !== 'extract-labels') continue;
    const svg = statisticsSvg(stage, await statisticsOf(labels));
    drawn.push({
      name: `labels-${drawn.length + 1}`,
      title: `Scores and words of ${stage}, beside Figure 6 of the paper`,
      svg,
      notes: [],
    });
  }
  return drawn;
}

/** The first pictures of every set. */
export async function labelledPictures(sets: readonly LabelFolders[]): Promise<readonly LabelledPictures[]> {
  const drawn: LabelledPictures[] = [];
  for (const { stage, labels, images } of sets) {
    const names = (await labelledImages(labels)).slice(0, PICTURES);
    drawn.push({ stage, svgs: await Promise.all(names.map((name) => drawPicture(labels, images, name))) });
  }
  return drawn;
}

type LabelFolders = Readonly<{ stage: string; kind: string; labels: string; images: string }>;

function setsOf({ id, kind, params }: StageSpec, entry: Entry, store: Store): readonly LabelFolders[] {
  const declared = kindsByName.get(kind);
  if (declared === undefined) return [];
  const stored = (ports: AnyKind['inputs'], contents: Entry['inputs'], type: PortType) =>
    Object.entries(portsOf(ports, params)).flatMap(([port, carried]) => {
      const content = contents[port];
      return carried.type === type && content !== undefined && store.has(content) ? [store.path(content)] : [];
    });
  const [data] = stored(declared.inputs, entry.inputs, 'dataset');
  if (data === undefined) return [];
  return stored(declared.outputs, entry.outputs, 'labels').map((labels) => ({
    stage: id,
    kind,
    labels,
    images: join(data, 'images'),
  }));
}

async function drawPicture(labels: string, images: string, name: string): Promise<string> {
  const [words, picture] = await Promise.all([pictureLabels(labels, name), squarePicture(join(images, name))]);
  return thumbnailSvg(words, { uri: await dataUri(picture), side: picture.width });
}
