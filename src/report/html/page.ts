import { xml } from '../labels/svg.ts';
import { css, script } from './style.ts';

export type Part = Readonly<{ id: string; title: string; lines: readonly string[] }>;

/** A page that needs nothing beside itself: a head, links to its parts, the parts. */
export function pageHtml(title: string, head: readonly string[], parts: readonly Part[]): string {
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"/>',
    '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
    `<title>${xml(title)}</title>`,
    `<style>${css}</style></head><body>`,
    `<header><h1>${xml(title)}</h1>`,
    ...head,
    '</header>',
    `<nav>${parts.map((part) => `<a href="#${part.id}">${xml(part.title)}</a>`).join(' ')}</nav>`,
    ...parts.flatMap((part) => [`<section id="${part.id}"><h2>${xml(part.title)}</h2>`, ...part.lines, '</section>']),
    `<script>${script}</script>`,
    '</body></html>',
    '',
  ].join('\n');
}
