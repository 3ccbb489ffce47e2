import { xml } from '../labels/svg.ts';
import { notesHtml } from './table.ts';

/** A figure as it was drawn, with what is to be known of it. `name`: of its files. */
export type DrawnFigure = Readonly<{ name: string; title: string; svg: string; notes: readonly string[] }>;

/** `number`: its place, from 0. */
export function figureHtml({ title, svg, notes }: DrawnFigure, number: number, prefix = ''): readonly string[] {
  const caption = `<figcaption><b>Figure ${number + 1}.</b> ${xml(title)}.</figcaption>`;
  const plot = `<div class="plot scroll">${svg}</div>`;
  return [`<figure id="${prefix}figure-${number + 1}">${caption}${plot}${notesHtml(notes)}</figure>`];
}
